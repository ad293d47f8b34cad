// Keys: who may ask, how much they may spend, and what they have spent.

const keys = {
  title: 'Keys',

  show(host) {
    this.list = h('div', {});
    fill(host, section('Keys and budgets', h('button.main', {type: 'button', id: 'new-key', onclick: () => this.create()}, 'New key'), this.list));
    this.refresh();
  },

  async refresh() {
    let found;
    try {
      found = (await gateway.get('/admin/api/keys')).data;
    } catch (error) {
      if (error.status !== 404) throw error;
    }
    if (page.current !== this) return;
    byId('new-key').hidden = !found;
    if (!found) return fill(this.list, h('p.empty', {}, 'Keys are kept in a store. Start the gateway with --store.'));
    found.sort((a, b) => !!a.revoked - !!b.revoked || b.created - a.created);
    fill(this.list, found.length ? table('Keys, the newest first', [['name'], ['key'], ['may'], ['budget', 'wide'], ['made', 'nowrap'], ['']],
      found.map(key => [key.name, h('span.mono', {}, key.prefix + '…'), this.may(key), this.limits(key),
        key.revoked ? h('span', {}, mark('bad', 'revoked'), ' ' + moment(key.revoked)) : moment(key.created),
        key.revoked ? '' : h('div.actions', {},
          h('button', {type: 'button', 'aria-label': `Change the limits of ${key.name}`, onclick: () => this.change(key)}, 'Limits'),
          h('button.danger', {type: 'button', 'aria-label': `Revoke ${key.name}`, onclick: () => this.revoke(key)}, 'Revoke'))]), {cards: true})
      : h('p.empty', {}, 'No key yet. Until there is one, programs on this machine may ask without.'));
  },

  may(key) {
    const roles = key.roles.map(role => ({use: 'ask', view: 'look', administer: 'administer'}[role] || role)).join(', ');
    return key.models.length ? `${roles}: ${key.models.join(', ')}` : roles;
  },

  limits(key) {
    if (!key.limits.length) return 'no limits';
    return h('div', {}, key.limits.map(limit => {
      const words = value => limit.measure === 'money' ? money(value) : whole(value);
      const share = limit.amount > 0 ? Math.min(1, limit.spent / limit.amount) : 1;
      const held = limit.amount > 0 ? Math.min(1 - share, limit.reserved / limit.amount) : 0;
      const text = `${words(limit.spent)} of ${words(limit.amount)} ${limit.measure === 'money' ? '' : limit.measure + ' '}${limit.window === 'total' ? 'in all' : 'a ' + limit.window}`;
      const spent = h('i', {}), reserved = h('i.held', {});
      spent.style.width = `${100 * share}%`;
      reserved.style.left = `${100 * share}%`;
      reserved.style.width = `${100 * held}%`;
      return h('div.limit', {}, text, h('div.meter' + (share >= 1 ? '.full' : ''), {
        role: 'meter', 'aria-label': `${key.name}: ${limit.limit}`, 'aria-valuemin': 0, 'aria-valuemax': limit.amount,
        'aria-valuenow': Math.min(limit.spent, limit.amount), 'aria-valuetext': text,
      }, spent, reserved));
    }));
  },

  async create() {
    const roles = [['use', 'ask models'], ['view', 'look at this page'], ['administer', 'administer']];
    const box = (name, value, text, checked) => h('label', {}, h('input', {type: 'checkbox', name, value, checked}), text);
    const form = h('form', {},
      h('label', {for: 'key-name'}, 'Whose it is'), h('input', {id: 'key-name', name: 'name', type: 'text', required: '', autocomplete: 'off'}),
      h('fieldset', {}, h('legend', {}, 'It may'), h('div.choice', {}, roles.map(([value, text]) => box('role', value, text, value === 'use')))),
      h('fieldset', {}, h('legend', {}, 'Names it may ask (all where none is marked)'),
        h('div.choice', {}, page.state.models.map(model => box('model', model.name, model.name)))),
      limitsField(''));
    const made = await dialog.form('New key', form, 'Make the key', async data => gateway.post('/admin/api/keys', {
      name: data.get('name'), roles: data.getAll('role'), models: data.getAll('model'), limits: limitsOf(data),
    }));
    if (!made) return;
    this.refresh();
    dialog.open('The key is made', [
      h('p', {}, `This is the key of ${made.name}. It is shown this once: the gateway keeps only its hash.`),
      h('pre', {id: 'secret'}, made.key),
    ], {buttons: [h('button', {type: 'button', onclick: event => navigator.clipboard?.writeText(made.key).then(() => event.target.textContent = 'Copied')}, 'Copy')]});
  },

  async change(key) {
    const form = h('form', {}, limitsField(key.limits.map(limit => limit.limit).join('\n')));
    if (await dialog.form(`Limits of ${key.name}`, form, 'Set the limits',
      data => gateway.post(`/admin/api/keys/${encodeURIComponent(key.id)}`, {limits: limitsOf(data)}))) this.refresh();
  },

  async revoke(key) {
    if (!await dialog.confirm(`Revoke ${key.name}?`, `Programs that use ${key.prefix}… are turned away from now on. This can't be taken back.`, 'Revoke')) return;
    await gateway.remove(`/admin/api/keys/${encodeURIComponent(key.id)}`);
    this.refresh();
  },
};

function limitsField(value) {
  const field = h('textarea', {id: 'key-limits', name: 'limits', rows: 3, spellcheck: 'false', 'aria-describedby': 'key-limits-hint'});
  field.value = value;
  return h('div', {}, h('label', {for: 'key-limits'}, 'Limits, one a line'), field,
    h('p.hint', {id: 'key-limits-hint'}, 'For example money=50/month, tokens=100000/day, requests=60/minute.'));
}
const limitsOf = data => data.get('limits').split(/[\n\s]+/).filter(line => line);

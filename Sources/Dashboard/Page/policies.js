// Policies: every version of every name, with promote and roll back.

const policies = {
  title: 'Policies',

  show(host) {
    this.list = h('div', {});
    this.alarms = h('div', {});
    fill(host, section('Policies', null, h('p.hint', {},
      'Every version is kept. Promoting makes a version decide for all; the one before is retired and can come back. A canary decides for a share, a shadow only says what it would have done.'), this.list),
      section('Alarms', null, this.alarms));
    this.refresh();
  },

  async refresh() {
    // Without a store there are no versions to change, and without a policy nothing is learned.
    const orNothing = error => { if (error.status !== 404) throw error; return {data: [], alarms: []}; };
    const [{data: versions}, learned] = await Promise.all([
      gateway.get('/admin/api/policies').catch(orNothing), gateway.get('/admin/api/learning').catch(orNothing)]);
    await page.readState();
    if (page.current !== this) return;
    fill(this.alarms, learned.alarms.length ? table('What drifted, fell short or was rolled back, the newest first',
      [['when', 'nowrap'], ['name'], ['what'], ['', 'wide']], learned.alarms.slice().sort((a, b) => b.time - a.time).slice(0, 20).map(alarm =>
        [moment(alarm.time), alarm.model, mark('warn', alarm.kind), alarm.text]), {cards: true}) : h('p.empty', {}, 'No alarm.'));
    const names = page.state.models.filter(model => model.policy || versions.some(version => version.model === model.name))
      .filter(model => !page.model || model.name === page.model);
    if (!names.length) return fill(this.list, h('p.empty', {}, 'No published name here has a policy.'));
    fill(this.list, names.map(model => {
      const own = versions.filter(version => version.model === model.name).sort((a, b) => b.version - a.version);
      const active = own.find(version => version.state === 'active');
      const before = active && own.find(version => version.version === active.previous);
      const scores = learned.data.find(one => one.model === model.name)?.versions || [];
      return h('div.panel', {}, h('h3', {}, model.name),
        h('p.hint', {}, model.policy ? `Now decides: ${model.policy}. Stages: ${model.stages.join(', ')}.` : `Stages: ${model.stages.join(', ')}.`),
        model.rule ? h('details.numbers', {}, h('summary', {}, 'The rule that decides now'), h('pre', {}, model.rule)) : null,
        own.length ? table(`Versions of the policy of ${model.name}`, [['version', 'number'], ['state'], ['added', 'nowrap'], ['how it does', 'wide'], ['note', 'wide'], ['']],
          own.map(version => [String(version.version), this.state(version), moment(version.created),
            this.score(scores.find(score => score.version === version.version)), version.note || '',
            h('div.actions', {}, this.actions(version, version === active ? before : null))]), {cards: true})
          : h('p.empty', {}, page.state.hasStore ? 'It comes from the configuration; no version is in the store yet.'
            : 'It comes from the configuration. With a store, versions are kept and can be promoted and rolled back.'));
    }));
  },

  state(version) {
    const kind = {active: 'good', canary: 'warn', shadow: 'plain', retired: 'plain'}[version.state];
    return mark(kind, version.state === 'canary' ? `canary, ${percent(version.share, 0)}` : version.state);
  },

  /** What is known of how a version does. */
  score(score) {
    if (!score) return 'in no use';
    const parts = [`${whole(score.requests)} requests`];
    if (score.judged) parts.push(`quality ${significant(score.quality)} (${whole(score.judged)} judged)`);
    if (isNumber(score.agreement)) parts.push(`moves as the active one in ${percent(score.agreement)}`);
    if (score.trial) parts.push(`on trial: ${score.trial.verdict}`);
    if (score.floor) parts.push(score.floor.broken ? `below its floor of ${significant(score.floor.quality)}` : `floor ${significant(score.floor.quality)} held`);
    return parts.join(', ');
  },

  actions(version, before) {
    const button = (text, label, act) => h('button', {type: 'button', 'aria-label': label, onclick: act}, text);
    const name = `version ${version.version} of ${version.model}`;
    if (version.state === 'active') return before ? [button('Roll back', `Roll back ${version.model} to version ${before.version}`,
      () => this.change(before, {state: 'active'}, `Roll ${version.model} back to version ${before.version}?`,
        `Version ${version.version} is retired; requests from now on are decided by version ${before.version}.`, 'Roll back'))] : [];
    const all = [button('Promote', `Promote ${name}`, () => this.change(version, {state: 'active'}, `Promote ${name}?`,
      'It decides for all requests from now on; the version that decides now is retired.', 'Promote'))];
    if (version.state !== 'canary') all.push(button('Canary 10%', `Make ${name} a canary`,
      () => this.change(version, {state: 'canary', share: 0.1}, `Let ${name} decide for 10% of the requests?`, '', 'Make it a canary')));
    if (version.state !== 'shadow') all.push(button('Shadow', `Make ${name} a shadow`,
      () => this.change(version, {state: 'shadow'}, `Make ${name} a shadow?`, 'It says what it would do; nothing is done.', 'Make it a shadow')));
    if (version.state !== 'retired') all.push(button('Retire', `Retire ${name}`,
      () => this.change(version, {state: 'retired'}, `Retire ${name}?`, '', 'Retire')));
    return all;
  },

  async change(version, body, title, words, verb) {
    if (!await dialog.confirm(title, words, verb)) return;
    await gateway.post(`/admin/api/policies/${encodeURIComponent(version.model)}/${version.version}`, body);
    // The gateway hears of it from the store a moment later.
    await new Promise(resolve => setTimeout(resolve, 300));
    await page.readState();
    await this.refresh();
  },
};

// Requests: the latest, the slowest, the most uncertain; and one of them explained.

const orders = [['latest', 'Latest'], ['slowest', 'Slowest'], ['uncertain', 'Most uncertain']];

function requestTable(caption, requests, isUncertain) {
  const columns = [['time', 'nowrap'], ['request'], ['name'], ['asked'], ['answered by'], ['ended'], ['latency', 'number'], ['cost', 'number']];
  if (isUncertain) columns.splice(6, 0, ['closest call']);
  return table(caption, columns, requests.map(request => {
    const cells = [clock(request.time),
      h('a.mono', {href: '#requests/' + encodeURIComponent(request.id), 'aria-label': `Explain request ${request.id}`}, request.id.slice(0, 12)),
      request.model, request.asked.join(', ') || 'nobody', request.answered || 'nobody',
      mark(decisionKind(request.decision), request.decision), seconds(request.seconds), money(request.money)];
    if (isUncertain) cells.splice(6, 0, request.closest
      ? `${request.closest.name}: ${significant(request.closest.value, 4)} against ${significant(request.closest.threshold, 4)}` : 'none');
    return cells;
  }), {cards: true});
}

function decisionKind(decision) {
  if (decision === 'answered' || decision === 'cached') return 'good';
  if (decision.startsWith('failed') && decision !== 'failed-over' || decision === 'cancelled') return 'bad';
  return 'warn';
}

const requests = {
  title: 'Requests',
  order: 'latest',

  show(host) {
    this.tools = h('div', {});
    this.list = h('div', {});
    this.find = h('form', {onsubmit: event => {
      event.preventDefault();
      const id = event.target.elements.id.value.trim();
      if (id) location.hash = '#requests/' + encodeURIComponent(id);
    }}, h('label', {for: 'find'}, 'Find by id'), h('div.choice', {}, h('input', {id: 'find', name: 'id', type: 'text', placeholder: 'req_…', autocomplete: 'off'})));
    fill(host, section('Requests', this.tools, this.list), h('div.panel', {}, this.find));
    this.drawTools();
    this.refresh();
  },

  drawTools() {
    fill(this.tools, choice('Order', orders, this.order, value => {
      this.order = value;
      this.drawTools();
      this.refresh();
    }));
  },

  async refresh() {
    const order = this.order;
    const found = await gateway.live('requests', {by: order, model: page.model, limit: 40});
    if (page.current !== this || order !== this.order) return;
    page.trouble(found.trouble);
    const words = {
      latest: 'The latest requests', slowest: `The slowest of the last ${whole(found.among)} requests`,
      uncertain: `Of the last ${whole(found.among)} requests, those whose decision was closest to going the other way`,
    }[order];
    fill(this.list, found.requests.length ? requestTable(words, found.requests, order === 'uncertain')
      : h('p.empty', {}, order === 'uncertain'
        ? 'No request yet was decided by comparing a number with a threshold.' : 'No request yet.'));
  },

  /** Shows the request that the address names. */
  async explain(id) {
    const address = location.hash;
    // What comes after another address was gone to is not shown, and closing leaves this one only.
    const show = (title, body) => {
      if (location.hash !== address) return;
      dialog.open(title, body, {onclose: () => { if (location.hash === address) location.hash = '#requests'; }});
    };
    let found;
    try {
      found = await gateway.live('requests/' + encodeURIComponent(id));
    } catch (error) {
      return show(`Request ${id}`, [h('p', {}, error.message)]);
    }
    const {request, stages, explanation, feedback, context} = found;
    const facts = [
      ['came', moment(request.time)], ['published name', request.model], ['policy', request.policy || 'none: one stage with stand-ins'],
      ['ended', mark(decisionKind(request.decision), request.decision)], ['answered by', request.answered || 'nobody'],
      ['took', seconds(request.seconds)], ['cost', money(request.money)],
      ['tokens', `${whole(request.tokensIn)} read, ${whole(request.tokensOut)} written`],
    ];
    if (request.key) facts.push(['key', request.key]);
    if (request.group) facts.push(['group', request.group]);
    if (context) for (const [name, value] of Object.entries(context)) facts.push([name, significant(value, 4)]);
    const body = [h('dl.facts', {}, facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]))];
    if (found.input) body.push(h('h3', {}, 'What was asked'), h('pre', {}, found.input));
    body.push(h('h3', {}, 'What each stage gave'));
    body.push(stages.length ? table('Stages in the order asked', [['stage'], ['evidence', 'wide'], ['after', 'number'], ['took', 'number'], ['cost', 'number']],
      stages.map(stage => [h('span', {}, swatch(stage.stage), stage.stage), stage.failure ? h('span', {}, mark('bad', 'failed'), ' ' + stage.failure)
        : Object.entries(stage.evidence).map(([name, value]) => `${name} ${significant(value, 4)}`).join(', ') || 'none',
      seconds(stage.start), seconds(stage.seconds), money(stage.money)]), {cards: true}) : h('p.empty', {}, 'No stage was asked.'));
    for (const stage of stages) if (stage.output) body.push(h('h3', {}, `The answer of ${stage.stage}`), h('pre', {}, stage.output));
    if (explanation) {
      body.push(h('h3', {}, 'The rule'), h('pre', {}, explanation.rule), h('h3', {}, 'What it did, and what would have changed that'));
      body.push(h('ol.steps', {}, explanation.steps.map(step => h('li', {}, h('b', {}, step.move),
        step.terms.length ? h('dl.facts', {}, step.terms.flatMap(term => [h('dt', {}, term.name),
          h('dd', {}, significant(term.value, 4) + (isNumber(term.threshold) ? `, compared with ${significant(term.threshold, 4)}` : ''))])) : null,
        step.changes.length ? h('ul', {}, step.changes.map(change => h('li', {},
          `With ${change.signal} ${change.changed > change.value ? '≥' : '≤'} ${significant(change.changed, 4)} instead of ${significant(change.value, 4)}: ${change.move}.`)))
          : h('p.hint', {}, 'No other value of a single number it knew, among those of recent requests, would have changed this.')))));
      if (!explanation.isComplete) body.push(h('p.hint', {}, 'The run ended before the policy did: a stage failed, or its answer was passed on unread.'));
    } else if (request.policy) {
      body.push(h('p.hint', {}, 'The policy that decided this is not known any more, so it can\'t be run once more.'));
    }
    body.push(h('h3', {}, 'Feedback'));
    body.push(feedback.length ? table('What was said of it', [['by'], ['of'], ['quality', 'number'], ['when', 'nowrap'], ['note', 'wide']],
      feedback.map(said => [said.source, said.stage || 'the answer given', significant(said.quality), moment(said.time), said.note || ''])) : h('p.empty', {}, 'None yet.'));
    show(`Request ${request.id}`, body);
  },
};

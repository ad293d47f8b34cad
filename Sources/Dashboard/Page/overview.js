// The overview: what happens now, and what it cost and saved.

const windows = [['hour', 'Hour'], ['day', 'Day'], ['week', 'Week'], ['month', '30 days']];
const windowWords = {hour: 'the last hour', day: 'the last 24 hours', week: 'the last 7 days', month: 'the last 30 days'};

function tile(id, name, isMain) {
  return h('div.tile' + (isMain ? '.main' : ''), {id}, h('dt', {}, name), h('dd', {},
    h('div.value', {}, '…'), h('p.note', {}, '')));
}
function setTile(id, value, note) {
  const element = byId(id);
  if (!element) return;
  element.querySelector('.value').textContent = value;
  element.querySelector('.note').textContent = note || '';
}

const overview = {
  title: 'Overview',
  window: 'day',
  seconds: new Map(),
  rows: [],

  show(host) {
    this.live = new Chart('Requests a second, by the stage that answered');
    this.traffic = new Chart('Requests over time, by the stage that answered');
    this.saving = new Chart('Spent, and what the reference would have cost');
    this.latest = h('div', {});
    this.stages = h('div', {});
    this.models = h('div', {});
    this.windowHost = h('div', {});
    fill(host,
      section('Now', null, h('dl.tiles', {id: 'now'},
        tile('rate', 'Requests a second'), tile('p50', 'Median latency'), tile('p95', '95 of 100 below'),
        tile('deferral', 'Asked more than one'), tile('running', 'Running and waiting')),
        h('div.panel', {}, this.live.element)),
      section('Cost and saving', this.windowHost, h('dl.tiles', {},
        tile('saved', 'Saved', true), tile('spent', 'Spent'), tile('requests', 'Requests'),
        tile('deferred', 'Asked more than one'), tile('unanswered', 'Without an answer')),
        h('p.hint', {id: 'source'}),
        h('div.pair', {}, h('div.panel', {}, h('h3', {}, this.saving.title), this.saving.element),
          h('div.panel', {}, h('h3', {}, this.traffic.title), this.traffic.element)), this.models),
      section('Stages', null, this.stages), section('Latest requests', null, this.latest));
    this.drawWindow();
    this.refresh();
    if (this.last) this.event({...this.last, seconds: [], requests: []});
  },

  drawWindow() {
    fill(this.windowHost, choice('Time', windows, this.window, value => {
      this.window = value;
      this.drawWindow();
      this.refresh();
    }));
  },

  async refresh() {
    const summary = await gateway.live('summary', {window: this.window, model: page.model});
    if (page.current !== this) return;
    const {total, points, models} = summary;
    const saved = total.reference - total.money;
    setTile('saved', money(saved), total.reference > 0
      ? `${percent(saved / total.reference)} of ${money(total.reference)} that the reference would have cost`
      : 'no prices are known');
    setTile('spent', money(total.money), total.requests ? `${money(total.money / total.requests)} a request` : '');
    setTile('requests', whole(total.requests), `in ${windowWords[this.window]}`);
    setTile('deferred', total.requests ? percent(total.deferred / total.requests) : 'none', `${whole(total.deferred)} requests`);
    setTile('unanswered', whole(total.failed + total.abstained), `${whole(total.failed)} failed, ${whole(total.abstained)} abstained`);
    byId('source').textContent = summary.source === 'store'
      ? 'From the store: all gateways that share it, before and after restarts. Saving: the reference stage at its price for the same tokens.'
      : `From this process' memory, since ${moment(summary.since)}. With a store, it outlasts a restart. Saving: the reference stage at its price for the same tokens.`;
    page.trouble(summary.trouble);
    const x = {min: points[0].time, max: points[points.length - 1].time, kind: 'time'};
    const areas = stacked(points, point => point.time, point => point.byStage, point => point.requests
      - Object.values(point.byStage).reduce((sum, value) => sum + value, 0));
    this.traffic.set({
      x, y: {min: 0, max: areas.most * 1.08 || 1, words: whole, whole: true}, layers: areas.layers, byTime: true,
      summary: `${whole(total.requests)} requests.`,
      table: {
        columns: [['time'], ['requests', 'number'], ['asked more than one', 'number'], ...areas.names.map(name => [name, 'number'])],
        rows: points.filter(point => point.requests).map(point => [moment(point.time), whole(point.requests), whole(point.deferred),
          ...areas.names.map(name => whole(point.byStage[name] || 0))]),
      },
    });
    const spent = running(points, point => point.money), reference = running(points, point => point.reference);
    const line = (name, sums, colour, dash) => ({
      kind: 'line', name, colour, dash, value: money(sums[sums.length - 1]),
      points: points.map((point, index) => ({x: point.time, y: sums[index], tip: money(sums[index])})),
    });
    this.saving.set({
      x, y: {min: 0, max: Math.max(1e-9, spent[spent.length - 1], reference[reference.length - 1]) * 1.08, words: money},
      byTime: true, summary: `Spent ${money(total.money)}, reference ${money(total.reference)}.`,
      layers: [
        {kind: 'area', name: 'saved', colour: 'var(--c3)', value: money(saved),
          points: points.map((point, index) => ({x: point.time, y: Math.max(spent[index], reference[index]), base: spent[index],
            tip: money(reference[index] - spent[index])}))},
        line('reference', reference, 'var(--muted)', '6 4'), line('spent', spent, 'var(--c1)', ''),
      ],
      table: {
        columns: [['time'], ['spent', 'number'], ['reference', 'number']],
        rows: points.filter(point => point.requests).map(point => [moment(point.time), money(point.money), money(point.reference)]),
      },
    });
    fill(this.models, models.length ? table('By published name', [['name'], ['requests', 'number'], ['asked more than one', 'number'],
      ['spent', 'number'], ['reference', 'number'], ['saved', 'number'], ['mean latency', 'number']],
      models.map(model => [model.name, whole(model.requests), percent(model.deferred / model.requests), money(model.money),
        `${money(model.reference)} (${model.referenceStage || 'unknown'})`,
        model.reference > 0 ? percent(1 - model.money / model.reference) : 'none',
        seconds(model.seconds / model.requests)]), {cards: true})
      : h('p.empty', {}, `No request in ${windowWords[this.window]}.`));
  },

  event(event) {
    this.last = event;
    for (const second of event.seconds) this.seconds.set(second.time, second);
    for (const time of this.seconds.keys()) if (time <= event.now - 300 || time > event.now) this.seconds.delete(time);
    const known = new Set(this.rows.map(request => request.id));
    this.rows = [...event.requests.filter(request => !known.has(request.id)), ...this.rows].slice(0, 30);
    if (page.current !== this) return;
    const recent = [...this.seconds.values()].filter(second => second.time > event.now - 10);
    const rate = recent.reduce((sum, second) => sum + second.requests, 0) / 10;
    setTile('rate', significant(rate, 3), 'mean of the last 10 seconds');
    setTile('p50', seconds(event.p50), 'of about the last 1,000');
    setTile('p95', seconds(event.p95), isNumber(event.p99) ? `99 of 100 below ${seconds(event.p99)}` : '');
    setTile('deferral', isNumber(event.deferral) ? percent(event.deferral) : 'none', 'in the last 5 minutes');
    const sum = field => event.stages.reduce((total, stage) => total + (stage[field] || 0), 0);
    setTile('running', whole(sum('running')), `${whole(sum('waiting'))} wait`);
    const items = [];
    for (let time = event.now - 299; time <= event.now; time++)
      items.push(this.seconds.get(time) || {time, requests: 0, byStage: {}, failed: 0});
    const areas = stacked(items, item => item.time, item => item.byStage, item => item.requests
      - Object.values(item.byStage).reduce((total, value) => total + value, 0));
    this.live.set({
      height: 170, x: {min: event.now - 299, max: event.now, kind: 'time'}, byTime: true,
      y: {min: 0, max: Math.max(4, areas.most * 1.1), words: whole, whole: true}, layers: areas.layers,
      summary: `${significant(rate, 3)} requests a second now.`,
    });
    // The list stands still while somebody is in it.
    const rows = this.rows.filter(request => !page.model || request.model === page.model)
      .slice(0, innerWidth < 640 ? 5 : 12);
    if (!this.latest.contains(document.activeElement)) fill(this.latest, rows.length
      ? requestTable('The latest requests of this gateway', rows) : h('p.empty', {}, 'No request yet.'));
    fill(this.stages, table('Stages and their health', [['stage'], ['breaker'], ['running', 'number'], ['waiting', 'number'],
      ['retries', 'number'], ['second calls', 'number'], ['a million tokens in', 'number'], ['out', 'number']],
      event.stages.map(stage => [h('span', {}, swatch(stage.name), stage.name),
        stage.breaker ? mark({closed: 'good', 'half-open': 'warn', open: 'bad'}[stage.breaker], stage.breaker) : 'none',
        whole(stage.running), whole(stage.waiting), whole(stage.retries), whole(stage.hedges),
        money(stage.priceIn), money(stage.priceOut)]), {cards: true}));
  },
};

function swatch(name) {
  return s('svg', {viewBox: '0 0 10 10', width: 10, height: 10, 'aria-hidden': 'true', class: 'swatch'},
    s('rect', {width: 10, height: 10, rx: 2, fill: name ? colour(name) : 'var(--bad)'}));
}

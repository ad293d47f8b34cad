// How good: the frontier with today's point on it, each stage's calibration, and who answers what.

const quality = {
  title: 'Quality',

  show(host) {
    this.frontiers = h('div', {}, h('p.empty', {}, 'Reading…'));
    this.calibration = h('div', {});
    this.shares = h('div', {});
    fill(host,
      section('Cost and quality: today beside the frontier', null,
        h('p.hint', {}, 'The line is what the policy\'s family reached when it was learned; squares are single stages. The star is the last 24 hours: what requests cost, and the quality that feedback found.'),
        this.frontiers),
      section('Calibration of each stage', null,
        h('p.hint', {}, 'For each stage the number that orders its answers best, against the quality that feedback found. On the diagonal, 80% means right in 80 of 100 cases.'),
        this.calibration),
      section('Who answers what', null,
        h('p.hint', {}, 'Of the last 20,000 requests, by published name and group.'), this.shares));
    this.refresh();
  },

  async refresh() {
    const model = page.model;
    const [frontier, calibration, shares] = await Promise.all([
      gateway.live('frontier'), gateway.live('calibration', {model}), gateway.live('shares', {model})]);
    if (page.current !== this) return;
    page.trouble(frontier.trouble || calibration.trouble || shares.trouble);
    this.drawFrontiers(frontier, model);
    this.drawCalibration(calibration);
    this.drawShares(shares.shares);
  },

  drawFrontiers(frontier, only) {
    const models = frontier.models.filter(model => !only || model.name === only);
    if (!models.length) return fill(this.frontiers, h('p.empty', {},
      'No published name here has a learned policy. Learn one with cascade fit and serve it with --policy.'));
    this.charts = this.charts || new Map();
    fill(this.frontiers, h('div.pair', {}, models.map(model => {
      const isMoney = model.unit === 'US dollars';
      const cost = isMoney ? money : value => `${significant(value, 3)}`;
      const today = model.days.find(day => day.label === 'today');
      const week = model.days.find(day => day.label === 'week');
      const layers = [];
      if (model.points) layers.push({
        kind: 'line', name: `frontier of ${model.family}`, colour: 'var(--c1)', dash: '',
        points: model.points.map(point => ({x: point.cost, y: point.quality})),
      });
      if (model.stages) layers.push({
        kind: 'points', name: 'single stages', colour: 'var(--muted)', symbol: 'square', size: 4.5,
        points: model.stages.map(stage => ({x: stage.cost, y: stage.quality, label: stage.name,
          tip: `${stage.name} alone: quality ${significant(stage.quality)}, cost ${cost(stage.cost)}`})),
      });
      if (model.learned) layers.push({
        kind: 'points', name: 'policy, when learned', colour: 'var(--c1)', symbol: 'circle', size: 5,
        points: [{x: model.learned.cost, y: model.learned.quality, low: model.learned.low, high: model.learned.high,
          tip: `when learned: quality ${significant(model.learned.quality)}, cost ${cost(model.learned.cost)}`}],
      });
      const point = (day, name, colour, symbol, size) => day && isNumber(day.quality) && isNumber(day.cost) && layers.push({
        kind: 'points', name, colour, symbol, size,
        points: [{x: day.cost, y: day.quality, low: day.low, high: day.high, label: name === 'today' ? 'today' : '',
          tip: `${name}: quality ${significant(day.quality)} (${whole(day.judged)} judged), cost ${cost(day.cost)}, ${whole(day.requests)} requests`}],
      });
      point(week, 'last 7 days', 'var(--c7)', 'diamond', 4.5);
      point(today, 'today', 'var(--c2)', 'star', 6);
      // A day without feedback has a cost and no height: it is marked by a line over the whole of it.
      const points = layers.flatMap(layer => layer.points);
      const facts = h('p.hint', {}, today && today.requests
        ? `Today: ${whole(today.requests)} requests at ${cost(today.cost)} each${isMoney ? '' : ' ' + model.unit}, `
          + (today.judged ? `quality ${significant(today.quality)} (${whole(today.judged)} judged).`
            : 'nothing judged yet: send feedback to /v1/feedback.')
        : 'No request today.');
      const rule = h('details.numbers', {}, h('summary', {}, 'The rule'), h('pre', {}, model.rule));
      const head = h('h3', {}, `${model.name} `, mark('plain', `policy ${model.policy}`));
      if (points.length < 2) return h('div.panel', {}, head, facts,
        h('p.empty', {}, 'This policy\'s file holds no frontier. Policies that cascade fit writes now do.'), rule);
      const chart = this.charts.get(model.name) || new Chart(`Cost and quality of ${model.name}`);
      this.charts.set(model.name, chart);
      if (today && isNumber(today.cost) && !isNumber(today.quality)) points.push({x: today.cost, y: points[0].y});
      const xs = points.map(point => point.x).filter(isNumber), ys = points.flatMap(point => [point.y, point.low, point.high]).filter(isNumber);
      const positive = xs.filter(value => value > 0), isLog = positive.length === xs.length && Math.max(...xs) / Math.min(...xs) > 5;
      const pad = (Math.max(...ys) - Math.min(...ys)) * 0.12 || 0.05;
      const xMax = Math.max(...xs), xMin = Math.min(...xs), xPad = (xMax - xMin) * 0.08 || xMax * 0.1 || 1;
      chart.set({
        height: 300, layers,
        x: isLog ? {min: xMin / 1.3, max: xMax * 1.3, kind: 'log', words: cost, name: `mean cost of a request, ${model.unit}`}
          : {min: Math.max(0, xMin - xPad), max: xMax + xPad, words: cost, name: `mean cost of a request, ${model.unit}`},
        y: {min: Math.min(...ys) - pad, max: Math.max(...ys) + pad, words: value => significant(value, 3), name: 'mean quality'},
        summary: facts.textContent,
        table: {
          columns: [['point'], ['cost', 'number'], ['quality', 'number']],
          rows: layers.flatMap(layer => layer.points.map(point =>
            [point.label || layer.name, cost(point.x), significant(point.y, 4)])),
        },
      });
      return h('div.panel', {}, head, chart.element, facts, rule);
    })));
  },

  drawCalibration(calibration) {
    if (!calibration.stages.length) return fill(this.calibration, h('p.empty', {}, calibration.hasStore
      ? `At least 20 judged answers of a stage are needed, good and bad ones; ${whole(calibration.judged)} requests have feedback. Send it to /v1/feedback.`
      : 'Feedback is kept in a store. Start the gateway with --store.'));
    this.curves = this.curves || new Map();
    fill(this.calibration, h('div.pair', {}, calibration.stages.map(stage => {
      const chart = this.curves.get(stage.stage) || new Chart(`Calibration of ${stage.stage}`);
      this.curves.set(stage.stage, chart);
      const words = {probability: stage.evidence, exponential: `exp(${stage.evidence})`, rank: `rank of ${stage.evidence}`}[stage.scale];
      chart.set({
        height: 240, diagonal: stage.scale !== 'rank',
        x: {min: 0, max: 1, words: value => percent(value, 0), name: words},
        y: {min: 0, max: 1, words: value => percent(value, 0), name: 'mean quality'},
        layers: [{
          kind: 'line', name: stage.stage, colour: colour(stage.stage), dash: '', dots: true, unnamed: true,
          points: stage.bins.map(bin => ({x: bin.predicted, y: bin.observed, low: bin.low, high: bin.high,
            tip: `${percent(bin.predicted)} said, ${percent(bin.observed)} found\nof ${whole(bin.count)} answers`})),
        }],
        summary: isNumber(stage.error) ? `Calibration error ${percent(stage.error)}.` : 'No probability.',
        table: {
          columns: [[words, 'number'], ['mean quality', 'number'], ['interval', 'number'], ['answers', 'number']],
          rows: stage.bins.map(bin => [percent(bin.predicted), percent(bin.observed), `${percent(bin.low)} to ${percent(bin.high)}`, whole(bin.count)]),
        },
      });
      return h('div.panel', {}, h('h3', {}, swatch(stage.stage), stage.stage),
        h('p.hint', {}, `${whole(stage.count)} judged answers, rank correlation ${significant(stage.correlation, 2)}`
          + (isNumber(stage.error) ? `, calibration error ${percent(stage.error)}.` : '. Not a probability: shown by its rank.')),
        chart.element);
    })));
  },

  drawShares(shares) {
    if (!shares.length) return fill(this.shares, h('p.empty', {}, 'No request yet.'));
    const ways = new Map();
    for (const share of shares) {
      const name = share.group ? `${share.model}, group ${share.group}` : share.model;
      ways.set(name, [...(ways.get(name) || []), share]);
    }
    fill(this.shares, [...ways].map(([name, parts]) => h('div', {}, h('h3', {}, name), shareBar(name, parts))),
      table('Who answers, in numbers', [['name'], ['group'], ['stage'], ['requests', 'number'], ['mean latency', 'number'], ['mean cost', 'number']],
        shares.map(share => [share.model, share.group || 'none', share.stage || 'no answer', whole(share.requests),
          seconds(share.seconds), money(share.money)]), {cards: true}));
  },
};

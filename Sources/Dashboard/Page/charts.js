// Charts as SVG: axes, layers, and a pointer that says what lies under it, by mouse, touch or arrow keys.

function s(tag, attributes, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes || {}))
    if (value !== null && value !== undefined && value !== '') element.setAttribute(name, value);
  element.append(...children.flat().filter(child => child !== null && child !== undefined));
  return element;
}

/** About `count` round numbers from `low` to `high`. */
function ticks(low, high, count) {
  const span = high - low;
  if (!(span > 0)) return [low];
  const raw = span / Math.max(1, count);
  const power = Math.pow(10, Math.floor(Math.log10(raw)));
  const step = [1, 2, 2.5, 5, 10].map(factor => factor * power).find(candidate => candidate >= raw * 0.999);
  const result = [];
  for (let place = Math.ceil(low / step - 1e-9); place * step <= high + step * 1e-9; place++)
    result.push(Math.abs(place * step) < step * 1e-9 ? 0 : place * step);
  return result;
}

function logTicks(low, high) {
  const all = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const digit of [1, 2, 5]) all.push(digit * Math.pow(10, power));
  const within = all.filter(value => value >= low * 0.999 && value <= high * 1.001);
  return within.length > 6 ? within.filter(value => String(value.toExponential(0)).startsWith('1')) : within;
}

const timeSteps = [15, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000];
function timeTicks(low, high, count) {
  const step = timeSteps.find(candidate => (high - low) / candidate <= count) || 864000;
  const offset = new Date(low * 1000).getTimezoneOffset() * 60;
  const result = [];
  for (let time = Math.ceil((low - offset) / step) * step + offset; time <= high; time += step) result.push(time);
  return result;
}
function timeWords(span) {
  const options = span <= 900 ? {hour: '2-digit', minute: '2-digit', second: '2-digit'}
    : span <= 2 * 86400 ? {hour: '2-digit', minute: '2-digit'} : {day: 'numeric', month: 'short'};
  return time => new Date(time * 1000).toLocaleString('en-GB', options);
}

function symbol(kind, x, y, size) {
  const r = size;
  switch (kind) {
    case 'square': return `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}Z`;
    case 'diamond': return `M${x} ${y - 1.3 * r}l${1.3 * r} ${1.3 * r}l${-1.3 * r} ${1.3 * r}l${-1.3 * r} ${-1.3 * r}Z`;
    case 'star': {
      let path = '';
      for (let corner = 0; corner < 10; corner++) {
        const angle = Math.PI * corner / 5 - Math.PI / 2, length = corner % 2 ? 0.75 * r : 1.75 * r;
        path += (corner ? 'L' : 'M') + (x + length * Math.cos(angle)).toFixed(2) + ' ' + (y + length * Math.sin(angle)).toFixed(2);
      }
      return path + 'Z';
    }
    default: return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
  }
}

let tip;
function showTip(text, x, y) {
  if (!tip) { tip = h('div.tip', {role: 'status'}); document.body.append(tip); }
  (byId('dialog').open ? byId('dialog') : document.body).append(tip);
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(innerWidth - box.width - 4, x + 12)) + 'px';
  tip.style.top = Math.max(4, y - box.height - 10) + 'px';
}

/**
 * A chart that draws itself anew when it is told something else or its width changes.
 *
 * What it is told: {height, x: {min, max, kind: 'time'|'log'|'linear', words, name}, y: {min, max, words, name},
 * layers: [{kind: 'area'|'line'|'points', name, colour, dash, symbol, points: [{x, y, base?, low?, high?, label?, tip?}]}],
 * diagonal, summary, table: {columns, rows}}.
 */
class Chart {
  constructor(title) {
    this.title = title;
    this.svg = s('svg', {role: 'img', tabindex: 0});
    this.legend = h('ul.legend', {});
    this.numbers = h('details.numbers', {}, h('summary', {}, 'Numbers'), h('div', {}));
    this.numbers.addEventListener('toggle', () => this.drawNumbers());
    this.element = h('figure', {}, this.legend, this.svg, this.numbers);
    new ResizeObserver(() => this.draw()).observe(this.element);
    this.svg.addEventListener('pointermove', event => this.point(event.clientX, event.clientY));
    this.svg.addEventListener('pointerleave', () => this.choose(null));
    this.svg.addEventListener('blur', () => this.choose(null));
    this.svg.addEventListener('keydown', event => {
      const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      if (step && this.spots?.length) {
        event.preventDefault();
        const place = this.chosen == null ? (step > 0 ? 0 : this.spots.length - 1) : this.chosen + step;
        this.choose(Math.max(0, Math.min(this.spots.length - 1, place)));
      } else if (event.key === 'Escape' && this.chosen != null) {
        event.stopPropagation();
        this.choose(null);
      }
    });
  }

  set(spec) {
    this.spec = spec;
    this.svg.setAttribute('aria-label', `${this.title}. ${spec.summary || ''} Arrow keys read the points.`);
    fill(this.legend, spec.layers.filter(layer => layer.name && !layer.unnamed).map(layer => h('li', {},
      s('svg', {viewBox: '0 0 24 12', 'aria-hidden': 'true'},
        layer.kind === 'area' ? s('rect', {width: 24, height: 12, rx: 2, fill: layer.colour, 'fill-opacity': 0.75})
          : layer.kind === 'points' ? s('path', {d: symbol(layer.symbol, 12, 6, 4.5), fill: layer.colour})
            : s('path', {d: 'M0 6H24', stroke: layer.colour, 'stroke-width': 2.5, 'stroke-dasharray': layer.dash})),
      layer.name, layer.value ? h('b', {}, ' ' + layer.value) : null)));
    this.draw();
    this.drawNumbers();
  }

  drawNumbers() {
    const data = this.spec?.table;
    this.numbers.hidden = !data;
    if (data && this.numbers.open) fill(this.numbers.lastChild, table(this.title, data.columns, data.rows));
  }

  draw() {
    const spec = this.spec, width = Math.floor(this.element.clientWidth);
    if (!spec || width < 40) return;
    const height = spec.height || 220, narrow = width < 480;
    const y = {...spec.y}, x = {...spec.x};
    if (!(y.max > y.min)) y.max = y.min + 1;
    if (!(x.max > x.min)) x.max = x.min + 1;
    const yTicks = ticks(y.min, y.max, 4).filter(value => !y.whole || Number.isInteger(value));
    const left = 10 + Math.max(...yTicks.map(value => y.words(value).length * 6.6), 14), top = y.name ? 20 : 8;
    const right = width - 10, bottom = height - (x.name ? 38 : 22);
    const fx = x.kind === 'log'
      ? value => left + (right - left) * Math.log(value / x.min) / Math.log(x.max / x.min)
      : value => left + (right - left) * (value - x.min) / (x.max - x.min);
    const fy = value => bottom - (bottom - top) * (value - y.min) / (y.max - y.min);
    const xTicks = x.kind === 'time' ? timeTicks(x.min, x.max, narrow ? 4 : 8)
      : x.kind === 'log' ? logTicks(x.min, x.max) : ticks(x.min, x.max, narrow ? 4 : 6);
    const xWords = x.words || (x.kind === 'time' ? timeWords(x.max - x.min) : String);
    const parts = [];
    for (const value of yTicks) {
      parts.push(s('path', {class: value === 0 ? 'axis' : 'grid', d: `M${left} ${fy(value).toFixed(1)}H${right}`}));
      parts.push(s('text', {class: 'tick', x: left - 6, y: fy(value) + 4, 'text-anchor': 'end'}, y.words(value)));
    }
    let lastEnd = -Infinity;
    for (const value of xTicks) {
      const words = xWords(value), half = words.length * 3.2, place = Math.max(half, Math.min(width - half, fx(value)));
      if (place - half < lastEnd + 6) continue;
      lastEnd = place + half;
      parts.push(s('text', {class: 'tick', x: place, y: bottom + 16, 'text-anchor': 'middle'}, words));
    }
    if (y.name) parts.push(s('text', {class: 'label', x: 0, y: 11}, y.name));
    if (x.name) parts.push(s('text', {class: 'label', x: right, y: height - 4, 'text-anchor': 'end'}, x.name));
    if (spec.diagonal) parts.push(s('path', {
      class: 'axis', 'stroke-dasharray': '4 4', fill: 'none',
      d: `M${fx(x.min)} ${fy(Math.max(y.min, x.min))}L${fx(x.max)} ${fy(Math.min(y.max, x.max))}`,
    }));
    this.spots = [];
    const spotAt = new Map();
    for (const layer of spec.layers) {
      const drawn = layer.points.filter(point => isNumber(point.x) && isNumber(point.y));
      const place = point => `${fx(point.x).toFixed(1)} ${fy(point.y).toFixed(1)}`;
      if (layer.kind === 'area' && drawn.length) {
        const base = [...drawn].reverse().map(point => `${fx(point.x).toFixed(1)} ${fy(point.base || 0).toFixed(1)}`);
        parts.push(s('path', {
          d: `M${drawn.map(place).join('L')}L${base.join('L')}Z`, fill: layer.colour, 'fill-opacity': 0.75,
        }));
      } else if (layer.kind === 'line' && drawn.length) {
        parts.push(s('path', {
          d: 'M' + drawn.map(place).join('L'), fill: 'none', stroke: layer.colour, 'stroke-width': 2,
          'stroke-dasharray': layer.dash, 'stroke-linejoin': 'round',
        }));
      }
      for (const point of drawn) {
        if (isNumber(point.low) && isNumber(point.high)) {
          const [low, high] = [point.low, point.high].map(value => fy(Math.max(y.min, Math.min(y.max, value))));
          parts.push(s('path', {d: `M${fx(point.x)} ${low}V${high}`, stroke: layer.colour, 'stroke-width': 1.6, opacity: 0.7}));
        }
        if (layer.kind === 'points' || layer.dots) parts.push(s('path', {
          d: symbol(layer.symbol, fx(point.x), fy(point.y), layer.size || 4), fill: layer.colour, stroke: 'var(--panel)',
        }));
        if (spec.byTime) {
          const spot = spotAt.get(point.x) || {x: fx(point.x), y: top, lines: [xWords(point.x)], isTime: true};
          if (layer.name) spot.lines.push(`${layer.name}: ${point.tip ?? y.words(point.y)}`);
          if (!spotAt.has(point.x)) this.spots.push(spot);
          spotAt.set(point.x, spot);
        } else if (point.tip) {
          this.spots.push({x: fx(point.x), y: fy(point.y), lines: [point.tip]});
        }
      }
    }
    this.spots.sort((a, b) => a.x - b.x);
    this.labels(parts, spec, fx, fy, left, right, top, bottom);
    this.cross = s('path', {class: 'axis', d: ''});
    parts.push(this.cross);
    const chosen = this.chosen;
    this.bounds = {top, bottom};
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.svg.replaceChildren(...parts);
    // Who reads a point goes on reading it.
    if (chosen != null) this.choose(this.spots[chosen] ? chosen : null);
  }

  /** Names beside points, where they find room: above, below, to the right, to the left. */
  labels(parts, spec, fx, fy, left, right, top, bottom) {
    const taken = [];
    for (const layer of spec.layers) for (const point of layer.points) {
      if (!point.label || !isNumber(point.x) || !isNumber(point.y)) continue;
      const [px, py] = [fx(point.x), fy(point.y)], w = point.label.length * 6.6, gap = (layer.size || 4) + 5;
      const places = [[px - w / 2, py - gap - 12], [px - w / 2, py + gap], [px + gap, py - 7], [px - gap - w, py - 7]];
      const free = places.map(([x, y]) => [Math.max(left, Math.min(right - w, x)), y]).find(([x, y]) =>
        y >= top - 6 && y + 14 <= bottom + 4
        && taken.every(box => x + w < box[0] || x > box[0] + box[2] || y + 14 < box[1] || y > box[1] + 14));
      if (!free) continue;
      taken.push([free[0], free[1], w]);
      parts.push(s('text', {class: 'halo', x: free[0], y: free[1] + 11}, point.label));
    }
  }

  point(clientX, clientY) {
    if (!this.spots?.length) return;
    const box = this.svg.getBoundingClientRect();
    const scale = box.width / (this.svg.viewBox.baseVal.width || box.width);
    const [x, y] = [(clientX - box.left) / scale, (clientY - box.top) / scale];
    let best = null, nearest = Infinity;
    this.spots.forEach((spot, index) => {
      const distance = spot.isTime ? Math.abs(spot.x - x) : Math.hypot(spot.x - x, spot.y - y);
      if (distance < nearest) [nearest, best] = [distance, index];
    });
    this.choose(nearest < (this.spots[best].isTime ? Infinity : 28) ? best : null);
  }

  choose(index) {
    this.chosen = index;
    const spot = index == null ? null : this.spots?.[index];
    if (this.cross) this.cross.setAttribute('d', spot?.isTime
      ? `M${spot.x} ${this.bounds.top}V${this.bounds.bottom}` : spot ? symbol('circle', spot.x, spot.y, 8) : '');
    if (this.cross) this.cross.setAttribute('fill', 'none');
    if (!spot) return showTip('');
    const box = this.svg.getBoundingClientRect();
    const scale = box.width / (this.svg.viewBox.baseVal.width || box.width);
    showTip(spot.lines.join('\n'), box.left + spot.x * scale, box.top + spot.y * scale);
  }
}

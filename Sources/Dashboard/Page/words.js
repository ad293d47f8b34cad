// Elements and the words for numbers.

/** An element: h('p.note', {id: 'x', onclick: f}, 'text', child). Text is text: nothing in it is markup. */
function h(kind, attributes, ...children) {
  const [tag, ...classes] = kind.split('.');
  const element = document.createElement(tag || 'div');
  if (classes.length) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'hidden' || name === 'checked' || name === 'disabled' || name === 'open') element[name] = true;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined));
  return element;
}

const byId = id => document.getElementById(id);
const isNumber = value => typeof value === 'number' && isFinite(value);

/** `value` with so many significant digits, without an exponent. */
function significant(value, digits = 3) {
  if (!isNumber(value)) return 'none';
  if (value === 0) return '0';
  const places = Math.max(0, Math.min(12, digits - 1 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toLocaleString('en-US', {minimumFractionDigits: 0, maximumFractionDigits: places});
}

function money(value) {
  if (!isNumber(value)) return 'none';
  const sign = value < 0 ? '−' : '';
  const size = Math.abs(value);
  if (size >= 1) return sign + '$' + size.toLocaleString('en-US', {minimumFractionDigits: 2, maximumFractionDigits: 2});
  return sign + '$' + significant(size, 3);
}

const whole = value => isNumber(value) ? Math.round(value).toLocaleString('en-US') : 'none';
const percent = (share, digits = 1) => isNumber(share)
  ? (100 * share).toLocaleString('en-US', {maximumFractionDigits: digits}) + '%' : 'none';

function seconds(value) {
  if (!isNumber(value)) return 'none';
  if (value < 0.001) return significant(value * 1e6, 2) + ' µs';
  if (value < 1) return significant(value * 1000, 3) + ' ms';
  if (value < 120) return significant(value, 3) + ' s';
  return significant(value / 60, 3) + ' min';
}

const clock = time => new Date(time * 1000).toLocaleTimeString('en-GB');
const moment = time => new Date(time * 1000).toLocaleString('en-GB', {dateStyle: 'medium', timeStyle: 'medium'});

/** A table: columns are [name, kind?]; cells are text, numbers as text, or elements. */
function table(caption, columns, rows, options = {}) {
  return h('div.scroll', {tabindex: 0, role: 'region', 'aria-label': caption},
    h('table' + (options.cards ? '.cards' : ''), {},
      h('caption', {}, caption),
      h('thead', {}, h('tr', {}, columns.map(([name, kind]) =>
        h('th' + (kind === 'number' ? '.number' : ''), {scope: 'col'}, name)))),
      h('tbody', {}, rows.map(row => h('tr', {}, row.map((cell, index) =>
        h('td' + (columns[index][1] ? '.' + columns[index][1] : ''), {'data-name': columns[index][0]}, cell)))))));
}

function mark(kind, text) { return h('span.mark.' + kind, {}, text); }

/** The colour of a name: the same on every view, by the order in which the gateway names its stages. */
const colours = new Map();
function colour(name) {
  if (!colours.has(name)) colours.set(name, colours.size);
  return `var(--c${colours.get(name) % 8 + 1})`;
}
const dashes = ['', '6 3', '2 3', '8 3 2 3', '1 2', '10 4', '4 2 1 2', '3 6'];
function dash(name) { colour(name); return dashes[colours.get(name) % 8]; }

/** Buttons of which one is pressed. */
function choice(label, options, chosen, choose) {
  return h('div.switch', {role: 'group', 'aria-label': label}, options.map(([value, text]) =>
    h('button', {type: 'button', 'aria-pressed': String(value === chosen), onclick: () => choose(value)}, text)));
}

function section(title, tools, ...children) {
  return h('section', {}, h('div.head', {}, h('h2', {}, title), tools), ...children);
}

/** Puts `children` in the place of what `host` holds. Who is at work there stays there: focus and what was unfolded are kept. */
function fill(host, ...children) {
  const focusable = () => [...host.querySelectorAll('a[href],button,select,input,textarea,summary,[tabindex="0"]')];
  const place = host.contains(document.activeElement) ? focusable().indexOf(document.activeElement) : -1;
  const open = [...host.querySelectorAll('details')].map(details => details.open);
  host.replaceChildren(...children.flat().filter(child => child !== null && child !== undefined));
  [...host.querySelectorAll('details')].forEach((details, index) => { if (open[index]) details.open = true; });
  if (place >= 0) focusable()[place]?.focus({preventScroll: true});
}

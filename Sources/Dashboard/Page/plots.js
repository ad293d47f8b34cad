// What the views draw: layers of charts from the gateway's numbers.

/** Areas on top of each other: one for each name in `values(item)`, an object of numbers, over `x(item)`. */
function stacked(items, x, values, rest) {
  const names = [...new Set(items.flatMap(item => Object.keys(values(item))))].sort((a, b) => {
    colour(a); colour(b);
    return colours.get(a) - colours.get(b);
  });
  const bases = items.map(() => 0);
  const layers = names.map(name => ({
    kind: 'area', name, colour: colour(name),
    points: items.map((item, index) => {
      const base = bases[index], value = values(item)[name] || 0;
      bases[index] += value;
      return {x: x(item), y: base + value, base, tip: whole(value)};
    }),
  }));
  if (rest && items.some(item => rest(item) > 0)) layers.push({
    kind: 'area', name: 'no answer', colour: 'var(--bad)',
    points: items.map((item, index) => {
      const base = bases[index], value = rest(item);
      bases[index] += value;
      return {x: x(item), y: base + value, base, tip: whole(value)};
    }),
  });
  return {layers, most: Math.max(0, ...bases), names};
}

/** Sums from left to right. */
function running(items, value) {
  let sum = 0;
  return items.map(item => sum += value(item));
}

/** A bar of shares, and what they are. */
function shareBar(label, shares) {
  const total = shares.reduce((sum, share) => sum + share.requests, 0);
  const words = shares.map(share =>
    `${share.stage || 'no answer'} ${percent(share.requests / total)} (${whole(share.requests)})`);
  const bar = h('div.bar', {role: 'img', 'aria-label': `${label}: ${words.join(', ')}`}, shares.map(share => {
    const part = h('i', {});
    part.style.flexGrow = share.requests;
    part.style.background = share.stage ? colour(share.stage) : 'var(--bad)';
    return part;
  }));
  return h('figure', {}, bar, h('ul.legend', {}, shares.map((share, index) =>
    h('li', {}, swatch(share.stage), words[index]))));
}

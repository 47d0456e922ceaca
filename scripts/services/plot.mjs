/** The latencies as a picture: both axes logarithmic, a line a mode, a bar from the 5th to the 95th percentile. */

const SIZE = { width: 760, height: 420, left: 64, right: 130, top: 36, bottom: 52 };
const COLOURS = { userspace: '#9a6700', iptables: '#cf222e', ipvs: '#0969da', nftables: '#1a7f37' };

/** `latencyOf(mode, count)`: nanoseconds `{ p5, p50, p95 }`, or undefined where nothing was measured. */
export function plot(modes, counts, latencyOf) {
  const { width, height, left, right, top, bottom } = SIZE;
  const points = modes.flatMap((mode) =>
    counts.flatMap((count) => {
      const latency = latencyOf(mode, count);
      return latency ? [{ mode, count, ...latency }] : [];
    }),
  );
  const low = 10 ** Math.floor(Math.log10(Math.min(...points.map(({ p5 }) => p5))));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...points.map(({ p95 }) => p95))));
  const x = (count) =>
    left + ((width - left - right) * Math.log(count / counts[0])) / Math.log(counts.at(-1) / counts[0]);
  const y = (value) => height - bottom - ((height - top - bottom) * Math.log(value / low)) / Math.log(high / low);
  const decades = Array.from({ length: Math.round(Math.log10(high / low)) + 1 }, (_, index) => low * 10 ** index);
  const grid = [
    ...decades.map(
      (value) =>
        `<line x1="${left}" y1="${round(y(value))}" x2="${width - right}" y2="${round(y(value))}" class="grid"/><text x="${left - 8}" y="${round(y(value) + 4)}" text-anchor="end">${duration(value)}</text>`,
    ),
    ...counts.map(
      (count) =>
        `<line x1="${round(x(count))}" y1="${top}" x2="${round(x(count))}" y2="${height - bottom}" class="grid"/><text x="${round(x(count))}" y="${height - bottom + 18}" text-anchor="middle">${count.toLocaleString('en')}</text>`,
    ),
  ];
  const ends = labelsApart(
    modes.map((mode) => ({ mode, at: y(points.findLast((point) => point.mode === mode)?.p50 ?? low) })),
  );
  const lines = modes.map((mode) => {
    const own = points.filter((point) => point.mode === mode);
    const path = own.map(({ count, p50 }) => `${round(x(count))},${round(y(p50))}`).join(' ');
    const marks = own.map(
      ({ count, p5, p50, p95 }) =>
        `<line x1="${round(x(count))}" y1="${round(y(p5))}" x2="${round(x(count))}" y2="${round(y(p95))}" stroke-width="1"/><circle cx="${round(x(count))}" cy="${round(y(p50))}" r="3.5" fill="${COLOURS[mode]}"/>`,
    );
    const end = ends.get(mode);
    return `<g stroke="${COLOURS[mode]}"><polyline points="${path}" fill="none" stroke-width="2"/>${marks.join('')}</g><text x="${width - right + 12}" y="${round(end + 4)}" style="fill: ${COLOURS[mode]}; font-weight: bold">${mode}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Latency of the first packet over the number of Services, by kube-proxy mode">
<style>text { font: 12px sans-serif; fill: #57606a } .grid { stroke: #d0d7de; stroke-width: 1 } .title { font-size: 14px; fill: #24292f }</style>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="${left}" y="20" class="title">Latency of a connection's first packet over the number of Services</text>
${grid.join('\n')}
${lines.join('\n')}
<text x="${(left + width - right) / 2}" y="${height - 12}" text-anchor="middle">Services</text>
</svg>
`;
}

/** Labels one below the other, at least a line apart. */
function labelsApart(labels) {
  const places = new Map();
  let last = Number.NEGATIVE_INFINITY;
  for (const { mode, at } of labels.toSorted((a, b) => a.at - b.at)) {
    last = Math.max(at, last + 15);
    places.set(mode, last);
  }
  return places;
}

function duration(nanoseconds) {
  if (nanoseconds >= 1e6) return `${nanoseconds / 1e6} ms`;
  return `${nanoseconds / 1e3} µs`;
}

function round(value) {
  return Math.round(value * 10) / 10;
}

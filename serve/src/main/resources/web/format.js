// Numbers and times as people read them.
export const count = n => n == null ? '' : n >= 1e9 ? trim(n / 1e9) + 'B' : n >= 1e6 ? trim(n / 1e6) + 'M' : n >= 1e4 ? trim(n / 1e3) + 'k' : String(Math.round(n));
export const bytes = n => n == null ? '' : n >= 2 ** 30 ? trim(n / 2 ** 30) + ' GiB' : n >= 2 ** 20 ? trim(n / 2 ** 20) + ' MiB' : n >= 1024 ? trim(n / 1024) + ' KiB' : n + ' B';
export const percent = p => p >= 0.9995 ? '100%' : p >= 0.0995 ? (100 * p).toFixed(0) + '%' : p >= 0.00095 ? (100 * p).toFixed(1) + '%' : '<0.1%';
export const fixed = (n, digits) => n == null || !Number.isFinite(n) ? '' : n.toFixed(digits);

function trim(n) {
  return n >= 100 ? n.toFixed(0) : n.toFixed(1).replace(/\.0$/, '');
}

export function duration(seconds) {
  if (seconds == null || !Number.isFinite(seconds)) return '';
  const s = Math.max(0, Math.round(seconds));
  return s < 90 ? s + ' s' : s < 5400 ? Math.round(s / 60) + ' min' : s < 172800 ? trim(s / 3600) + ' h' : trim(s / 86400) + ' d';
}

/** Seconds or milliseconds since 1970, or an ISO text. */
export function instant(value) {
  if (value == null || value === '') return null;
  const date = typeof value === 'number' ? new Date(value < 1e11 ? value * 1000 : value) : new Date(value);
  return Number.isNaN(date.getTime()) ? null : date;
}

export function when(value) {
  const date = instant(value);
  if (!date) return '';
  const time = date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
  return date.toDateString() === new Date().toDateString() ? time : date.toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: date.getFullYear() === new Date().getFullYear() ? undefined : 'numeric' }) + ', ' + time;
}

/** A token as one sees it: blanks and line ends are marked. */
export const visible = text => text === '' ? '(nothing)' : text.replace(/ /g, '\u00b7').replace(/\n/g, '\u21b5').replace(/\t/g, '\u21e5');

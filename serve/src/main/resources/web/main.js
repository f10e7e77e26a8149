// The frame around the views: navigation, theme, and which view an address means.
import { el, h, iconButton, render, useEffect, useState, Failure } from './ui.js';

const VIEWS = [
  { path: '/', name: 'Chat', load: () => import('./chat.js') },
  { path: '/dream', name: 'Dream', load: () => import('./dream.js') },
  { path: '/training', name: 'Training', load: () => import('./training.js') },
  { path: '/models', name: 'Models', load: () => import('./models.js') },
  { path: '/monitor', name: 'Monitor', load: () => import('./monitor.js') },
  { path: '/label', name: 'Label', load: () => import('./label.js') },
];

const THEMES = { auto: ['auto', 'Theme: as the system', 'light'], light: ['sun', 'Theme: light', 'dark'], dark: ['moon', 'Theme: dark', 'auto'] };

function Theme() {
  const [theme, setTheme] = useState(document.documentElement.dataset.theme ?? 'auto');
  const [symbol, label, next] = THEMES[theme];
  const change = () => {
    if (next === 'auto') {
      delete document.documentElement.dataset.theme;
      localStorage.removeItem('jackdaw.theme');
    } else {
      document.documentElement.dataset.theme = next;
      localStorage.setItem('jackdaw.theme', next);
    }
    setTheme(next);
    dispatchEvent(new Event('themechange'));
  };
  return iconButton(symbol, `${label}; change`, change, { class: 'theme' });
}

function App() {
  const [path, setPath] = useState(location.pathname);
  const [view, setView] = useState({});
  useEffect(() => {
    const back = () => setPath(location.pathname);
    addEventListener('popstate', back);
    return () => removeEventListener('popstate', back);
  }, []);
  useEffect(() => {
    const found = VIEWS.find(each => each.path === path) ?? VIEWS[0];
    document.title = found.path === '/' ? 'Jackdaw' : `${found.name} · Jackdaw`;
    document.querySelector('.top nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
    found.load().then(module => setView({ path: found.path, View: module.default }), error => setView({ path: found.path, error }));
  }, [path]);
  const go = event => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    history.pushState(null, '', event.currentTarget.getAttribute('href'));
    setPath(location.pathname);
  };
  return [
    el.a({ class: 'skip', href: '#view' }, 'To the content'),
    el.header({ class: 'top' },
      el.a({ class: 'brand', href: '/', onClick: go }, el.img({ src: '/assets/icon.svg', alt: '', width: 24, height: 24 }), el.span('Jackdaw')),
      el.nav({ 'aria-label': 'Pages' }, VIEWS.map(each => el.a({ key: each.path, href: each.path, onClick: go, 'aria-current': each.path === path ? 'page' : undefined }, each.name))),
      h(Theme)),
    el.main({ id: 'view', class: 'view', tabIndex: -1 }, view.error ? h(Failure, { error: view.error }) : view.View ? h(view.View, { key: view.path }) : null),
  ];
}

const app = document.getElementById('app');
app.replaceChildren();
render(h(App), app);

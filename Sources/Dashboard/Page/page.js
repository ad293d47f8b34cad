// The page: signing in, going from view to view, and the dialog.

const dialog = {
  element: byId('dialog'),

  /** Shows `body` under `title` until it is closed. */
  open(title, body, options = {}) {
    const element = this.element;
    // The close event comes later. A dialog that is open already gets other contents instead of being closed; one that was
    // closed and has not heard of it yet hears of it now, lest the event be taken for the end of what is opened here.
    if (!element.open) this.closed();
    this.onclose = options.onclose;
    const close = h('button', {type: 'button', onclick: () => element.close()}, 'Close');
    fill(element, h('div.head', {}, h('h2', {id: 'dialog-title', tabindex: -1}, title), options.buttons ? null : close),
      ...body, options.buttons ? h('div.feet', {}, options.buttons, close) : null);
    if (!element.open) element.showModal();
    element.scrollTop = 0;
    byId('dialog-title').focus();
  },

  /** Empties what is closed, and tells who opened it. */
  closed() {
    const act = this.onclose;
    this.onclose = null;
    this.element.replaceChildren();
    showTip('');
    act?.();
  },

  /** Asks whether to do something. */
  confirm(title, words, verb) {
    return new Promise(resolve => {
      let agreed = false;
      this.open(title, words ? [h('p', {}, words)] : [], {
        buttons: [h('button.main', {type: 'button', onclick: () => { agreed = true; this.element.close(); }}, verb)],
        onclose: () => resolve(agreed),
      });
    });
  },

  /** Shows `form`; what `send` makes of its data when it is sent, or null. What goes wrong is said in the form. */
  form(title, form, verb, send) {
    return new Promise(resolve => {
      let result = null;
      const error = h('p', {role: 'alert'});
      form.id = 'dialog-form';
      form.append(error);
      form.addEventListener('submit', async event => {
        event.preventDefault();
        error.textContent = '';
        try {
          result = await send(new FormData(form));
          this.element.close();
        } catch (failure) {
          error.textContent = failure.message;
        }
      });
      this.open(title, [form], {
        buttons: [h('button.main', {type: 'submit', form: 'dialog-form'}, verb)], onclose: () => resolve(result),
      });
      form.querySelector('input[type=text],textarea')?.focus();
    });
  },
};
dialog.element.addEventListener('close', () => { if (!dialog.element.open) dialog.closed(); });

const page = {
  views: {overview, quality, requests, policies, keys},
  current: null,
  state: null,
  model: '',

  trouble(text) {
    const element = byId('trouble');
    element.hidden = !text;
    element.textContent = text || '';
  },

  async readState() {
    this.state = await gateway.live('state');
    for (const stage of this.state.stages) colour(stage.name);
    const select = byId('model');
    fill(select, h('option', {value: ''}, 'All'), this.state.models.map(model => h('option', {value: model.name}, model.name)));
    if (![...select.options].some(option => option.value === this.model)) this.model = '';
    select.value = this.model;
  },

  /** Does what may fail, and says what went wrong. */
  async attempt(action) {
    try {
      await action();
    } catch (error) {
      if (error.status === 401 || error.status === 403 && !this.state) return this.signOut(error.message);
      this.trouble(error.message);
    }
  },

  go() {
    if (!this.state) return;
    const [name, ...rest] = location.hash.slice(1).split('/');
    const view = this.views[name] || overview;
    for (const link of byId('views').children) {
      const isHere = link.getAttribute('href') === '#' + Object.keys(this.views).find(key => this.views[key] === view);
      isHere ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current');
    }
    if (view !== this.current) {
      const isFirst = this.current === null;
      this.current = view;
      this.trouble('');
      document.title = `${view.title}: Cascade`;
      this.attempt(async () => view.show(byId('view')));
      scrollTo(0, 0);
      if (!isFirst) byId('main').focus({preventScroll: true});
    }
    if (view === requests && rest.length) this.attempt(() => requests.explain(decodeURIComponent(rest.join('/'))));
    else if (dialog.element.open) dialog.element.close();
  },

  async signIn() {
    byId('sign-in-error').textContent = '';
    if (!session.key) return this.signOut('');
    try {
      await this.readState();
    } catch (error) {
      return this.signOut(error.message);
    }
    byId('sign-in').hidden = true;
    for (const id of ['view', 'views', 'leave', 'model-choice']) byId(id).hidden = false;
    this.stop = listen(event => overview.event(event), (isOn, error) => {
      if (error) return this.signOut(error.message);
      const element = byId('connection');
      element.className = 'connection ' + (isOn ? 'on' : 'off');
      element.textContent = isOn ? 'Live' : 'Connection lost; trying again';
    });
    this.go();
  },

  signOut(message) {
    this.stop?.();
    this.state = this.current = null;
    overview.seconds.clear();
    overview.rows = [];
    overview.last = null;
    session.key = '';
    byId('connection').className = 'connection';
    byId('connection').textContent = 'Not signed in';
    for (const id of ['view', 'views', 'leave', 'model-choice']) byId(id).hidden = true;
    if (dialog.element.open) dialog.element.close();
    byId('view').replaceChildren();
    byId('sign-in').hidden = false;
    byId('sign-in-error').textContent = message || '';
    byId('key').focus();
  },
};

byId('sign-in').addEventListener('submit', event => {
  event.preventDefault();
  session.key = byId('key').value.trim();
  byId('key').value = '';
  page.signIn();
});
byId('leave').addEventListener('click', () => page.signOut());
byId('model').addEventListener('change', event => {
  page.model = event.target.value;
  page.attempt(() => page.current.refresh());
});

const themes = ['auto', 'light', 'dark'];
byId('theme').addEventListener('click', event => {
  const root = document.documentElement;
  const next = themes[(themes.indexOf(root.dataset.theme || 'auto') + 1) % 3];
  next === 'auto' ? delete root.dataset.theme : root.dataset.theme = next;
  event.target.textContent = next[0].toUpperCase() + next.slice(1);
  event.target.setAttribute('aria-label', `Colours: ${next}`);
});

addEventListener('hashchange', () => page.go());
addEventListener('unhandledrejection', event => page.attempt(() => { throw event.reason; }));
setInterval(() => {
  // What is shown is read again, unless nobody sees it or somebody reads in a dialog.
  if (page.current && !document.hidden && !dialog.element.open) page.attempt(() => page.current.refresh());
}, 10000);
page.signIn();

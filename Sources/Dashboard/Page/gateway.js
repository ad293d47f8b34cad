// The gateway's doors, asked with the key of this tab.

const session = {
  get key() { try { return sessionStorage.getItem('cascade-key') || ''; } catch { return this.kept || ''; } },
  set key(value) {
    this.kept = value;
    try { value ? sessionStorage.setItem('cascade-key', value) : sessionStorage.removeItem('cascade-key'); } catch { }
  },
  kept: '',
};

class Refusal extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, {
      ...options, cache: 'no-store',
      headers: {
        authorization: 'Bearer ' + session.key, ...(options.body ? {'content-type': 'application/json'} : {}),
      },
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refusal(0, 'The gateway does not answer.');
  }
  if (!response.ok) {
    let message = `Status ${response.status}.`;
    try { message = (await response.json()).error.message || message; } catch { }
    throw new Refusal(response.status, message);
  }
  return response;
}

const gateway = {
  async get(path) { return (await ask(path)).json(); },
  async post(path, body) { return (await ask(path, {method: 'POST', body: JSON.stringify(body)})).json(); },
  async remove(path) { return (await ask(path, {method: 'DELETE'})).json(); },
  live(view, fields = {}) {
    const query = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== ''));
    return this.get(`/admin/api/live/${view}${query.size ? '?' + query : ''}`);
  },
};

/** Listens to the gateway's events until `stop` is called; comes back by itself after a break. */
function listen(onEvent, onState) {
  const controller = new AbortController();
  (async () => {
    let pause = 500;
    while (!controller.signal.aborted) {
      try {
        const response = await ask('/admin/api/live/events', {signal: controller.signal});
        onState(true);
        pause = 500;
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        let text = '';
        while (true) {
          const {done, value} = await reader.read();
          if (done) break;
          text += value;
          let end;
          while ((end = text.indexOf('\n\n')) >= 0) {
            const event = text.slice(0, end);
            text = text.slice(end + 2);
            if (event.startsWith('data: ')) onEvent(JSON.parse(event.slice(6)));
          }
        }
      } catch (error) {
        if (controller.signal.aborted) return;
        if (error.status === 401 || error.status === 403) return onState(false, error);
      }
      onState(false);
      await new Promise(resolve => setTimeout(resolve, pause));
      pause = Math.min(pause * 2, 10000);
    }
  })();
  return () => controller.abort();
}

// The service as the pages see it: its token, its errors, and a form for the token.

export const element = (id) => document.getElementById(id);

// The part of the address behind `#` as an object, such as { token, job }; it is never sent.
export const fragment = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

export function setFragment(values) {
  const text = new URLSearchParams(values).toString();
  history.replaceState(null, '', text ? `#${text}` : location.pathname);
}

export function showError(text) {
  const box = element('message');
  box.textContent = text;
  box.hidden = !text;
}

// Sends a request; returns its JSON, or throws an Error in words.
export async function ask(method, path, body) {
  const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    throw new Error('The service does not answer; check that it still runs.');
  }
  if (answer.status === 204) return null;
  const found = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(sentence(found)), { status: answer.status });
  return found;
}

export function sentence(found) {
  const text = found?.error?.message ?? 'the service gave no reason';
  const first = /^[a-z]+ /.test(text) ? text[0].toUpperCase() : text[0]; // names stay
  return `${first}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}

// Returns the limits of the service, once this browser may use it.
export async function enter() {
  const { token, ...others } = fragment();
  if (token) {
    setFragment(others);
    await ask('POST', '/api/session', { token }).catch((error) => showError(error.message));
  }
  for (;;) {
    // A page without the token is refused, which browsers log as an error: it is no error here.
    const { needs_token: isRefused } = await ask('GET', '/api/session');
    if (!isRefused) return ask('GET', '/api/info');
    await login();
  }
}

function login() {
  const form = element('login');
  form.hidden = false;
  element('token').focus();
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      try {
        await ask('POST', '/api/session', { token: element('token').value });
        form.hidden = true;
        showError('');
        resolve();
      } catch (error) {
        showError(error.message);
      }
    };
  });
}

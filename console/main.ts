import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Me } from '../contracts/api/pool-views.ts';
import { ask, forgetToken, keepToken, tokenOfPage } from './api.ts';
import { html } from './html.ts';
import { Acting } from './parts/act.ts';
import { Call } from './views/call.ts';
import { Calls } from './views/calls.ts';
import { Day } from './views/day.ts';
import { Edges } from './views/edges.ts';
import { Gateways } from './views/gateways.ts';
import { Overview } from './views/overview.ts';
import { Audit, Pool } from './views/pool.ts';
import { language, word } from './words.ts';

/* The console: a page for those who run the service, over the API alone. */

const views = ['overview', 'calls', 'gateways', 'edges', 'day', 'pool', 'audit'] as const;

function useHash(): string {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const onChange = () => setHash(location.hash);
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return hash;
}

function View({ path, query, mayAct }: { path: string[]; query: URLSearchParams; mayAct: boolean }) {
  const [name, id] = path;
  if (name === 'calls' && id) return html`<${Call} key=${id} id=${id} mayAct=${mayAct} />`;
  if (name === 'calls') return html`<${Calls} query=${query} />`;
  if (name === 'gateways') return html`<${Gateways} query=${query} mayAct=${mayAct} />`;
  if (name === 'edges') return html`<${Edges} mayAct=${mayAct} />`;
  if (name === 'day') return html`<${Day} query=${query} />`;
  if (name === 'pool') return html`<${Pool} mayAct=${mayAct} />`;
  if (name === 'audit') return html`<${Audit} />`;
  return html`<${Overview} />`;
}

/** Before anything looks at the address, which it changes. */
const token = tokenOfPage();

function App() {
  const [me, setMe] = useState<Me>();
  const [problem, setProblem] = useState<string>();
  const signIn = () => {
    ask<Me>('/me').then(setMe, (error: Error) => setProblem(error.message));
  };
  useEffect(() => {
    if (token !== undefined) signIn();
  }, []);
  const [target = '', search = ''] = useHash().replace(/^#\//, '').split('?');
  if (me === undefined) return html`<${SignIn} problem=${problem} done=${signIn} />`;
  const path = target.split('/');
  const mayAct = me.role === 'operator';
  return html`<a class="skip" href="#main">${word.skip}</a>
    <header>
      <h1>Switchroom</h1>
      <nav>${views.map((view) => {
        const isHere = (path[0] || 'overview') === view;
        return html`<a href=${view === 'overview' ? '#/' : `#/${view}`} aria-current=${isHere ? 'page' : undefined}>${word[view]}</a>`;
      })}</nav>
      <p class="me" title=${mayAct ? '' : word.noRight}>${me.who} · ${word.roles[me.role]}
        <button type="button" onClick=${() => {
          forgetToken();
          setMe(undefined);
        }}>${word.signOut}</button></p>
    </header>
    <main id="main"><${Acting} key=${target}>
      <${View} path=${path} query=${new URLSearchParams(search)} mayAct=${mayAct} />
    </${Acting}></main>`;
}

function SignIn({ problem, done }: { problem: string | undefined; done: () => void }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    keepToken(String(new FormData(event.target as HTMLFormElement).get('token')).trim());
    done();
  };
  return html`<main><h1>Switchroom</h1>
    ${problem !== undefined && html`<p class="stale" role="alert">${problem}</p>`}
    <form class="filters" onSubmit=${submit}>
      <label>${word.token}<input name="token" type="password" required autocomplete="off" /></label>
      <button type="submit">${word.signIn}</button>
    </form>
    <p>${word.tokenHint}</p></main>`;
}

document.documentElement.lang = language;
render(html`<${App} />`, document.body);

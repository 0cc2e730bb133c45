// Renders the description of the API, without anything from elsewhere.

import { ask, element, showError } from '/assets/service.js';

function make(tag, ...content) {
  const made = document.createElement(tag);
  made.append(...content);
  return made;
}

function table(titles, lines) {
  if (lines.every((cells) => !cells.at(-1))) { // no line has a meaning of its own
    titles = titles.slice(0, -1);
    lines = lines.map((cells) => cells.slice(0, -1));
  }
  const head = titles.map((title) => Object.assign(make('th', title), { scope: 'col' }));
  const body = lines.map((cells) => make('tr', ...cells.map((cell) => make('td', cell))));
  const wide = make('div', make('table', make('thead', make('tr', ...head)), make('tbody', ...body)));
  wide.className = 'wide';
  return wide;
}

function card(title, text, ...content) {
  const made = make('section', make('h3', ...title), make('p', text ?? ''), ...content);
  made.className = 'card route';
  return made;
}

function typeOf(schema = {}) {
  if (schema.$ref) return schema.$ref.split('/').at(-1);
  if (schema.enum) return schema.enum.join(', ');
  const choices = schema.anyOf ?? schema.allOf;
  if (choices) return choices.map(typeOf).filter((each) => each !== 'null').join(' or ');
  return schema.type ?? 'any';
}

function route(method, path, operation) {
  const lines = (operation.parameters ?? []).map((each) => [
    make('code', each.name), each.in, typeOf(each.schema),
    each.description ?? each.schema?.description ?? '',
  ]);
  const titles = ['Parameter', 'In', 'Type', 'Meaning'];
  const content = lines.length ? [table(titles, lines)] : [];
  const [type, body] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  if (type) content.unshift(make('p', `Body: ${typeOf(body.schema)} (${type})`));
  const title = [make('b', method.toUpperCase()), make('code', path)];
  return card(title, operation.description, ...content);
}

function record(name, schema) {
  const lines = Object.entries(schema.properties ?? {}).map(([key, each]) => [
    make('code', key), typeOf(each), each.description ?? '',
  ]);
  const content = lines.length ? [table(['Key', 'Type', 'Meaning'], lines)] : [];
  if (schema.enum) content.push(make('p', schema.enum.join(', ')));
  return card([make('code', name)], schema.description, ...content);
}

ask('GET', '/openapi.json').then(({ paths, components }) => {
  const routes = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => route(method, path, operation)));
  const records = Object.entries(components.schemas)
    .filter(([name]) => !name.endsWith('ValidationError'))
    .map(([name, schema]) => record(name, schema));
  element('routes').append(...routes, make('h2', 'Records'), ...records);
}).catch((error) => showError(error.message));

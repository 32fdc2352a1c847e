// One page step after another without a pause, or one bare INSERT after another: the same load on both.
import http from 'k6/http';
import { check } from 'k6';
import { Counter } from 'k6/metrics';

const BASE = __ENV.BASE;
const KIND = __ENV.KIND;
const done = new Counter('acknowledged');

export const options = {
  scenarios: {
    load: {
      executor: 'constant-vus',
      vus: Number(__ENV.CLIENTS || 16),
      duration: `${__ENV.SECONDS || 10}s`,
    },
  },
};

let session = null;
let token = null;

function begin() {
  const begun = http.post(`${BASE}/api/v1/sessions`, JSON.stringify({ survey: __ENV.SURVEY, channel: 'web' }),
    { headers: { 'Content-Type': 'application/json' } });
  session = begun.json('session');
  token = begun.json('token');
}

export default function load() {
  let answer;
  const headers = { 'Content-Type': 'application/json' };
  if (KIND === 'bare') {
    const body = { answers: { overall: 1 + (__ITER % 5) }, page: 'first' };
    answer = http.post(`${BASE}/bare`, JSON.stringify(body), { headers });
  } else {
    if (session === null) begin();
    headers.Authorization = `Bearer ${token}`;
    const forward = __ITER % 2 === 0;
    const body = forward
      ? { answers: { overall: 1 + (__ITER % 5), wait: 3, clean: true }, page: 'first' }
      : { answers: {}, page: 'second' };
    const path = `/api/v1/sessions/${session}/${forward ? 'next' : 'back'}`;
    answer = http.post(BASE + path, JSON.stringify(body), { headers });
  }
  if (check(answer, { acknowledged: (r) => r.status < 300 })) done.add(1);
}

export function handleSummary(data) {
  return { [__ENV.SUMMARY]: JSON.stringify(data) };
}

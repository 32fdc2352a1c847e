// Many people walk whole surveys over the API, thinking between pages; counts what was acknowledged.
import http from 'k6/http';
import { check, sleep } from 'k6';
import { Counter, Trend } from 'k6/metrics';

const BASE = __ENV.BASE;
const SURVEY = __ENV.SURVEY;
const LOW = Number(__ENV.THINK_LOW || 2);
const HIGH = Number(__ENV.THINK_HIGH || 6);
const SECONDS = Number(__ENV.SECONDS || 60);

const started = new Counter('sessions_started');
const submitted = new Counter('responses_acknowledged');
const steps = new Counter('page_steps');
const failed = new Counter('requests_failed');
const turnedAway = new Counter('turned_away');
const thought = new Trend('think_seconds');
const step = new Trend('step_ms');
const parts = { start: new Trend('start_ms'), turn: new Trend('turn_ms'), submit: new Trend('submit_ms') };

export const options = {
  scenarios: {
    people: {
      executor: 'constant-vus',
      vus: Number(__ENV.PEOPLE || 1000),
      duration: `${SECONDS}s`,
      gracefulStop: '60s',
    },
  },
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max', 'count'],
};

function think() {
  const seconds = LOW + Math.random() * (HIGH - LOW);
  thought.add(seconds);
  sleep(seconds);
}

function send(part, method, path, body, token, extra) {
  const headers = Object.assign({ 'Content-Type': 'application/json' }, extra);
  if (token) headers.Authorization = `Bearer ${token}`;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const answer = http.request(method, BASE + path, JSON.stringify(body), { headers });
    if (answer.status !== 503 && answer.status !== 429) {
      step.add(answer.timings.duration);
      parts[part].add(answer.timings.duration);
      if (!check(answer, { 'is acknowledged': (r) => r.status === 200 || r.status === 201 })) {
        failed.add(1);
        if (__ENV.TELL) console.log(method, path, answer.status, String(answer.body).slice(0, 300));
      }
      return answer;
    }
    turnedAway.add(1);
    sleep(Number(answer.headers['Retry-After'] || 1));
  }
  failed.add(1);
  return null;
}

const FORMATS = { phone_cn: '13800000001', email: 'someone@example.cn' };

function answerTo(q) {
  const any = (list) => list[Math.floor(Math.random() * list.length)];
  switch (q.type) {
    case 'rating':
    case 'nps': return q.min + Math.floor(Math.random() * (q.max - q.min + 1));
    case 'single_choice': return any(q.options.filter((o) => !o.text_entry)).id;
    case 'multi_choice': return [any(q.options.filter((o) => !o.text_entry)).id];
    case 'yes_no': return Math.random() < 0.5;
    case 'department': return 'cardiology';
    case 'number': return q.min || 0;
    case 'text': return q.format ? FORMATS[q.format] || null : q.pattern_message ? null : '谢谢医生和护士，等候的时间有些长。';
    case 'consent': return { agreed: true, version: q.version };
    case 'matrix': {
      const value = {};
      for (const row of q.rows) {
        value[row.id] = q.scale
          ? q.scale.min + Math.floor(Math.random() * (q.scale.max - q.scale.min + 1))
          : any(q.options).id;
      }
      return value;
    }
    case 'ranking': return q.options.map((o) => o.id).slice(0, q.max || q.options.length);
    default: return null;
  }
}

function answers(view) {
  const given = {};
  for (const q of view.questions) {
    const value = q.value === null ? answerTo(q) : null;
    if (value !== null) given[q.id] = value;
  }
  return given;
}

export default function walk() {
  if (__ITER === 0) sleep(Math.random() * HIGH);
  const begun = send('start', 'POST', '/api/v1/sessions', { survey: SURVEY, channel: 'web' });
  if (!begun || begun.status !== 201) { sleep(1); return; }
  started.add(1);
  const token = begun.json('token');
  let view = begun.json();
  const sid = view.session;
  let saves = 0;
  for (let page = 0; page < 60; page += 1) {
    think();
    const body = { answers: answers(view), page: view.page && view.page.id, rev: view.rev };
    if (view.action === 'submit') {
      const seen = send('turn', 'PUT', `/api/v1/sessions/${sid}/answers`, body, token);
      if (!seen || seen.status !== 200) return;
      steps.add(1);
      view = seen.json();
      if (view.action === 'submit' && view.questions.every((q) => q.value !== null || !q.required)) break;
      saves += 1;
      if (saves > 3) { failed.add(1); return; } // a required question that this script cannot answer
      continue;
    }
    const next = send('turn', 'POST', `/api/v1/sessions/${sid}/next`, body, token);
    if (!next || next.status !== 200) return;
    steps.add(1);
    view = next.json();
  }
  const done = send('submit', 'POST', `/api/v1/sessions/${sid}/submit`, { answers: {} }, token,
    { 'Idempotency-Key': `${sid}-once` });
  if (done && done.status === 201) submitted.add(1);
}

export function handleSummary(data) {
  return { [__ENV.SUMMARY]: JSON.stringify(data) };
}

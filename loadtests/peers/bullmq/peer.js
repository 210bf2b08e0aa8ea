// BullMQ as a peer of CronCloud: usage: node peer.js work|herd|steady --connection HOST:PORT --sink URL [--name N --jobs N --due MS].
// "work" is one worker process; "herd" makes delayed jobs due at one instant, "steady" job schedulers that fire every second from then on, spread over it.
import { parseArgs } from 'node:util';
import { Queue, Worker } from 'bullmq';
import { Pool } from 'undici';

const QUEUE = 'webhooks';
// https://docs.bullmq.io/guide/parallelism-and-concurrency: 100 to 300 for jobs that wait for I/O, and a worker process for each core.
const CONCURRENCY = 200;
const BULK = 1_000;
const SCHEDULERS_AT_ONCE = 50;

const { positionals: [role], values } = parseArgs({
  allowPositionals: true,
  options: { connection: { type: 'string' }, sink: { type: 'string' }, name: { type: 'string' }, jobs: { type: 'string' }, due: { type: 'string' } },
});
const [host, port] = values.connection.split(':');
const connection = { host, port: Number(port) };
// As long as CronCloud tries: five retries, with exponential backoff.
const retries = { attempts: 6, backoff: { type: 'exponential', delay: 10_000 } };

const roles = { work, herd, steady };
if (!roles[role])
  throw new Error(`There is no role '${role}': work, herd or steady.`);
await roles[role]();

async function work() {
  const sink = new URL(values.sink);
  const pool = new Pool(sink.origin, { connections: CONCURRENCY, pipelining: 1 });
  const worker = new Worker(QUEUE, post, {
    connection,
    concurrency: CONCURRENCY,
    // https://docs.bullmq.io/guide/queues/auto-removal-of-jobs: a handful of completed jobs, more of the failed ones.
    removeOnComplete: { count: 1_000 },
    removeOnFail: { count: 5_000 },
  });
  worker.on('error', error => console.error(error));
  await worker.waitUntilReady();
  console.log('ready');

  async function post(job) {
    const { statusCode, body } = await pool.request({
      path: `${sink.pathname}/${job.name}`,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'croncloud-scheduled-at': new Date(dueOf(job)).toISOString(),
        'croncloud-attempt': String(job.attemptsMade + 1),
      },
      body: '{}',
    });
    await body.dump();
    if (statusCode >= 300)
      throw new Error(`The target answered ${statusCode}.`);
  }
}

// What a scheduler made carries its due time in its id; what is delayed, in its data, since a job that is promoted forgets its delay.
function dueOf(job) {
  return job.repeatJobKey ? Number(job.id.slice(job.id.lastIndexOf(':') + 1)) : job.data.due;
}

async function herd() {
  const due = Number(values.due);
  await making(async queue => {
    for (let first = 0; first < Number(values.jobs); first += BULK) {
      const timestamp = Date.now();
      await queue.addBulk(Array.from({ length: Math.min(BULK, values.jobs - first) }, (_, i) => ({
        name: `${values.name}-${first + i}`,
        data: { due },
        opts: { timestamp, delay: due - timestamp, ...retries },
      })));
    }
  });
}

async function steady() {
  const [start, jobs] = [Number(values.due), Number(values.jobs)];
  await making(async queue => {
    for (let first = 0; first < jobs; first += SCHEDULERS_AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(SCHEDULERS_AT_ONCE, jobs - first) }, (_, i) => {
        const name = `${values.name}-${first + i}`;
        const startDate = start + Math.floor(1_000 * (first + i) / jobs);
        return queue.upsertJobScheduler(name, { every: 1_000, startDate }, { name, data: {}, opts: retries });
      }));
    }
  });
}

async function making(make) {
  const queue = new Queue(QUEUE, { connection });
  await queue.waitUntilReady();
  const started = performance.now();
  await make(queue);
  console.log(`made ${Math.round(performance.now() - started)}`);
  await queue.close();
}

// Trainings that do not fit one invocation: the shipped binary with a short timeout
// hands back checkpoints until it is done, killed and stopped in between, and makes
// the same model as in one piece.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startLambda } from './support/lambda.mjs';
import { definition, execute } from './support/machine.mjs';
import { folderStore, s3Store } from './support/stores.mjs';

const ours = definition('definition.asl.json');
const input = (data_path, model_name) => ({
  data_path, target: 'y', model_name,
  model_params: { algorithm: 'gradient_boosting', max_iter: 3000, max_leaf_nodes: 63, early_stopping: false },
});

for (const [kind, open] of [['a folder', folderStore], ['an S3 server', s3Store]]) {
  describe(`on ${kind}`, () => {
    let store, data, want, whole, alone, short, amid;
    before(async () => {
      store = await open();
      data = store.put('long.csv', table(60_000));
      alone = await startLambda(store.env);
      const run = await execute(ours, input(data, 'whole'), { invoke: alone.invoke });
      assert.equal(run.end, 'ModelPromoted', run.cause);
      assert.equal(run.invocations.TrainModel, 1);
      want = digest(run);
      whole = trained(alone);
      // A quarter of the work a call, so that it takes several even if the machine is
      // three times as fast by then. The last second is the function's own margin.
      const each = 800 + 250 * whole;
      short = `${Math.round(each + 1000)}ms`;
      amid = each / 2;
    });
    after(async () => {
      await alone?.stop();
      await store?.stop();
    });

    // The model's name salts the split, so the same name it must be: each run gets
    // a store of its own below the place.
    const fresh = (name) => ({ ...store.env, RETRAIN_STORE: `${store.env.RETRAIN_STORE}-${name}` });

    test('many invocations make the model that one would have made', async (t) => {
      const lambda = await hurried(fresh('rounds'), short);
      try {
        const run = await execute(ours, input(data, 'whole'), { invoke: lambda.invoke });
        assert.equal(run.end, 'ModelPromoted', run.cause);
        assert.ok(run.invocations.TrainModel >= 2, `${run.invocations.TrainModel} invocations`);
        assert.equal(digest(run), want);
        t.diagnostic(`${run.invocations.TrainModel} invocations; ${trained(lambda).toFixed(1)} s in /train, ${whole.toFixed(1)} s in one piece`);
      } finally {
        await lambda.stop();
      }
    });

    for (const signal of kind === 'a folder' ? ['SIGKILL', 'SIGSTOP'] : []) {
      test(`${signal} in between changes nothing`, async () => {
        const lambda = await hurried(fresh(signal), short);
        let sent = 0;
        const timers = [];
        try {
          const run = await execute(ours, input(data, 'whole'), {
            invoke: lambda.invoke,
            before: {
              TrainModel(count) {
                if (count === 1 || count === 3) timers.push(setTimeout(() => lambda.signal(signal) && (sent += 1), amid));
              },
            },
          });
          assert.equal(run.end, 'ModelPromoted', `${run.error} ${run.cause}`);
          assert.ok(sent >= 1, `${sent} signals`);
          assert.equal(digest(run), want);
        } finally {
          timers.forEach(clearTimeout);
          lambda.signal('SIGKILL');
          await lambda.stop();
        }
      });
    }
  });
}

// hurried starts a function that has little time for /train, and all it wants for the
// other steps, which know no checkpoints: how long they take depends on the machine.
async function hurried(env, timeout) {
  const [train, others] = [await startLambda(env, timeout), await startLambda(env)];
  return {
    ...train,
    invoke: (payload) => (payload.path === '/train' ? train : others).invoke(payload),
    stop: () => Promise.all([train.stop(), others.stop()]),
  };
}

const digest = (run) => /sha256\/([0-9a-f]{64})\//.exec(run.output.model_uri)[1];

// trained adds up the seconds that the function spent in /train.
function trained(lambda) {
  const times = [...lambda.wholeLog().matchAll(/"path":"\/train".*?"duration_ms":([0-9.]+)/g)];
  return times.reduce((sum, [, ms]) => sum + Number(ms) / 1000, 0);
}

// table makes a data set that takes trees a while: y is a wave over six columns.
function table(rows) {
  const lines = ['a,b,c,d,e,f,y'];
  let seed = 12345;
  const next = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  for (let i = 0; i < rows; i += 1) {
    const x = Array.from({ length: 6 }, () => Math.round(next() * 1e4) / 1e4);
    const y = Math.sin(9 * x[0] * x[1]) + x[2] * x[3] - x[4] + next() * 0.8 > 0.4 ? 1 : 0;
    lines.push(`${x.join(',')},${y}`);
  }
  return `${lines.join('\n')}\n`;
}

// The definition for data in many files, against the shipped binary, on a folder and
// on an S3 server: the model is the same, to the byte, as one call of /preprocess leads
// to, whatever the order of the shares, and however often they are done.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { withoutMaps } from './support/distributed.mjs';
import { startLambda } from './support/lambda.mjs';
import { definition, execute, TaskError } from './support/machine.mjs';
import { folderStore, s3Store } from './support/stores.mjs';

const ours = definition('definition.asl.json');
const distributed = definition('distributed.asl.json');
const params = { algorithm: 'gradient_boosting', max_iter: 20 };

// table makes files of a table with missing values, rejected rows, a column that turns
// out to be text, and one file that is compressed.
function table(dirt = () => {}) {
  return Array.from({ length: 11 }, (_, f) => {
    const lines = ['x,z,colour,code,y'];
    for (let i = 0; i < 700; i += 1) {
      const n = f * 700 + i;
      const x = (n * 7919) % 1000;
      const z = (n * 104729) % 97;
      const code = f === 7 && i === 600 ? 'A-1' : n * 3;
      lines.push(`${n % 53 ? x / 10 : 'NA'},${z},${['red', 'green', '', 'blue'][(n * 31) % 4]},${code},${Math.sin(x / 60) + z / 97 > 0.5 ? 'yes' : 'no'}`);
      if (n % 997 === 5) lines.push('1,2');
    }
    dirt(f, lines);
    const text = `${lines.join('\n')}\n`;
    return f === 4 ? gzipSync(text) : text;
  });
}

for (const [kind, open] of [['a folder', folderStore], ['an S3 server', s3Store]]) {
  describe(`on ${kind}`, () => {
    let store, lambda;
    before(async () => {
      store = await open();
      lambda = await startLambda(store.env, '120s', 3);
    });
    after(async () => {
      await lambda?.stop();
      await store?.stop();
    });

    const at = (bucket, key) => (bucket ? join(store.root, bucket, key) : join(store.storeRoot, key));
    const objects = {
      read: (bucket, key) => readFileSync(at(bucket, key), 'utf8'),
      write(bucket, key, text) {
        mkdirSync(dirname(at(bucket, key)), { recursive: true });
        writeFileSync(at(bucket, key), text);
      },
    };
    // put writes the files of a table, and returns the address of their prefix.
    const put = (name, files) => {
      files.forEach((text, f) => objects.write('ml-data', `data/${name}/${String(f).padStart(3, '0')}.csv`, text));
      return `${store.dataRoot}/${name}/`;
    };

    // run runs the definition, and the other one where it starts that.
    const run = async (input, settings = {}) => {
      const whole = withoutMaps(distributed, { invoke: lambda.invoke, objects, ...settings });
      let inner;
      whole.before.TrainAndUpdate = async (_, { Input }) => {
        inner = await execute(ours, Input, { invoke: lambda.invoke });
        if (inner.error) throw new TaskError('States.TaskFailed', inner.cause);
        return { Output: inner.output, Status: 'SUCCEEDED' };
      };
      const result = await execute(whole.definition, input, { invoke: lambda.invoke, before: whole.before });
      return { ...result, inner };
    };

    // What is asked for, and how many scans it takes: a text behind many numbers takes a
    // second one, and where a split by time cuts is found by another.
    for (const [name, more, scans] of [['many', {}, 2], ['timed', { split: { time_column: 'z' } }, 3]]) {
      test(`${name}: shares in any order, some of which fail and are repeated, lead to the model of one call`, async () => {
        const data_path = put(name, table());
        const input = { data_path, target: 'y', model_params: params, model_name: name, ...more };
        const [apart, together] = [`${name}-in-shares`, `${name}-one-call`];
        const plain = await execute(ours, { ...input, run_id: together }, { invoke: lambda.invoke });
        assert.equal(plain.end, 'ModelPromoted', plain.cause);
        const accident = (count) => {
          if (count === 1) throw new TaskError('Lambda.ServiceException', 'an accident');
        };
        const result = await run(
          { ...input, run_id: apart, share_bytes: 1 },
          {
            order: (batches) => batches.toReversed(),
            during: (_, n) => (n % 2 ? { times: 2 } : { before: { ScanBatch: accident, WriteBatch: accident } }),
          },
        );
        assert.equal(result.error, undefined, `${result.cause} ${lambda.log()}`);
        assert.equal(result.path.filter((state) => state === 'ScanShares').length, scans);
        assert.equal(result.inner.invocations.PreprocessData, 0);
        const answer = (run, step) => {
          const { duration_ms, usage, run_id, processed_data_path, rejected_path, ...rest } = JSON.parse(objects.read('ml-data', `store/runs/${run}/${step}.json`)).result;
          return rest;
        };
        const sides = (run) => {
          const { recipe, train, holdout } = JSON.parse(objects.read('ml-data', `store/runs/${run}/recipe.json`)).document;
          return { recipe, train, holdout };
        };
        for (const step of ['preprocess', 'train']) assert.deepEqual(answer(apart, step), answer(together, step));
        assert.deepEqual(sides(apart), sides(together));
        assert.equal(objects.read('ml-data', `store/runs/${apart}/rejected.csv`), objects.read('ml-data', `store/runs/${together}/rejected.csv`));
        assert.match(answer(apart, 'train').model_path, /sha256\/[0-9a-f]{64}\/model.onnx$/);
        assert.equal(store.champion(name).generation, 1, 'the same model is champion already');
      });
    }

    test('a search finds the same model', async () => {
      const search = { grid: { learning_rate: [0.02, 0.3], max_iter: [20] }, n_jobs: 2 };
      const input = { data_path: put('searched', table()), target: 'y', model_params: { algorithm: 'gradient_boosting', search }, model_name: 'searched' };
      const plain = await execute(ours, { ...input, run_id: 'searched-one-call' }, { invoke: lambda.invoke });
      assert.equal(plain.end, 'ModelPromoted', plain.cause);
      const { inner, error, cause } = await run({ ...input, run_id: 'searched-in-shares', share_bytes: 1 });
      assert.equal(error, undefined, cause);
      assert.equal(inner.invocations.TrainCandidate, 2);
      const modelPath = (run_id) => JSON.parse(objects.read('ml-data', `store/runs/${run_id}/train.json`)).result.model_path;
      assert.match(modelPath('searched-in-shares'), /sha256\/[0-9a-f]{64}\/model.onnx$/);
      assert.equal(modelPath('searched-in-shares'), modelPath('searched-one-call'));
    });

    test('a file that changes between scan and writing is an error', async () => {
      const files = table();
      const data_path = put('changing', files);
      const result = await run(
        { data_path, target: 'y', model_params: params, model_name: 'changing', share_bytes: 1 },
        {
          during(state, n) {
            if (state === 'WriteShares' && n === 0) put('changing', [...files.slice(0, -1), `${files.at(-1)}1,2,red,3,no\n`]);
            return {};
          },
        },
      );
      assert.equal(result.error, 'Retrain.InvalidData', result.cause);
      assert.match(result.cause, /changed/);
      assert.equal(result.end, 'RetrainingFailed');
    });

    test('what one share has wrong is said as one call would say it', async () => {
      const files = table((f, lines) => f === 9 && lines.splice(0, 1, 'x,z,colour,other,y'));
      const result = await run({ data_path: put('wrong', files), target: 'y', model_params: params, model_name: 'wrong', share_bytes: 1 });
      assert.equal(result.error, 'Retrain.InvalidData', result.cause);
      assert.match(result.cause, /009.csv lacks the column/);
    });
  });
}

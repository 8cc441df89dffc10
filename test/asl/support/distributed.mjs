// A distributed map, run as its definition says: the local engine has none.
//
// The states around the map, and those of its ItemProcessor, run on the engine. What
// is here is what Step Functions does between them: read the items, batch them, start
// a child for each batch, some at the same time and in no order, and write what became
// of them. A field that is not known here is refused, lest it is passed over.
import { execute, TaskError } from './machine.mjs';

const known = {
  map: ['Type', 'Comment', 'ItemReader', 'ItemBatcher', 'MaxConcurrency', 'ToleratedFailureCount', 'ItemProcessor', 'ResultWriter', 'ResultPath', 'Catch', 'Next'],
  ItemReader: ['Resource', 'ReaderConfig', 'Parameters'],
  ReaderConfig: ['InputType'],
  ItemBatcher: ['MaxItemsPerBatch', 'BatchInput'],
  ItemProcessor: ['ProcessorConfig', 'StartAt', 'States'],
  ProcessorConfig: ['Mode', 'ExecutionType'],
  ResultWriter: ['Resource', 'Parameters'],
};

function refuseUnknown(what, fields) {
  for (const field of Object.keys(fields)) {
    if (!known[what].includes(field)) throw new Error(`${what} has the field ${field}, which this driver does not know`);
    if (known[field]) refuseUnknown(field, fields[field]);
  }
}

function expect(what, is, should) {
  if (is !== should) throw new Error(`${what} is ${is}, and this driver knows ${should} only`);
}

// filled evaluates a payload template, with reference paths like $.a.b.
function filled(template, input) {
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) => {
      if (!key.endsWith('.$')) return [key, value];
      if (!/^\$(\.\w+)+$/.test(value)) throw new Error(`the path ${value} is none that this driver knows`);
      const found = value.split('.').slice(1).reduce((at, name) => at?.[name], input);
      if (found === undefined) throw new TaskError('States.Runtime', `the path ${value} leads nowhere`);
      return [key.slice(0, -2), found];
    }),
  );
}

// withoutMaps returns the definition with each distributed map as a task, and the
// handlers of those tasks for execute's before. objects has read(bucket, key), which
// returns a text, and write(bucket, key, text). during(state, n), if given, returns the
// before hooks of a map's n-th child, and how often the child is run; order puts the
// batches in theirs.
export function withoutMaps(definition, { invoke, objects, during = () => ({}), order = (batches) => batches }) {
  const before = {};
  const states = Object.entries(definition.States).map(([name, state]) => {
    if (state.Type !== 'Map') return [name, state];
    refuseUnknown('map', state);
    before[name] = (_, { input }) => runMap(name, state, input, { invoke, objects, during, order });
    const { ResultPath, Catch, Next } = state;
    return [name, { Type: 'Task', Resource: 'arn:aws:states:::driver:map', Parameters: { 'input.$': '$' }, ResultPath, Catch, Next }];
  });
  return { definition: { ...definition, States: Object.fromEntries(states) }, before };
}

async function runMap(name, map, input, { invoke, objects, during, order }) {
  expect('the mode', map.ItemProcessor.ProcessorConfig.Mode, 'DISTRIBUTED');
  expect('the reader', map.ItemReader.Resource, 'arn:aws:states:::s3:getObject');
  expect('what is read', map.ItemReader.ReaderConfig.InputType, 'JSON');
  expect('the writer', map.ResultWriter.Resource, 'arn:aws:states:::s3:putObject');
  const from = filled(map.ItemReader.Parameters, input);
  const items = JSON.parse(objects.read(from.Bucket, from.Key));
  const batches = [];
  const { MaxItemsPerBatch, BatchInput } = map.ItemBatcher;
  for (let at = 0; at < items.length; at += MaxItemsPerBatch) {
    batches.push({ Items: items.slice(at, at + MaxItemsPerBatch), BatchInput: filled(BatchInput, input) });
  }
  const { StartAt, States } = map.ItemProcessor;
  const waiting = order(batches).map((batch, n) => [n, batch]);
  const results = { SUCCEEDED: [], FAILED: [] };
  await Promise.all(
    Array.from({ length: Math.min(map.MaxConcurrency, batches.length) }, async () => {
      for (let next; (next = waiting.shift()) && results.FAILED.length <= map.ToleratedFailureCount; ) {
        const [n, batch] = next;
        const { before, times = 1 } = during(name, n);
        for (let i = 0; i < times; i += 1) {
          const { output, error, cause } = await execute({ StartAt, States }, batch, { invoke, before });
          results[error ? 'FAILED' : 'SUCCEEDED'].push(error ? { Error: error, Cause: cause, Status: 'FAILED' } : { Output: JSON.stringify(output), Status: 'SUCCEEDED' });
          if (error) break;
        }
      }
    }),
  );
  const to = filled(map.ResultWriter.Parameters, input);
  const prefix = `${to.Prefix.replace(/\/$/, '')}/${name}`;
  for (const [status, some] of Object.entries(results)) {
    if (some.length) objects.write(to.Bucket, `${prefix}/${status}_0.json`, JSON.stringify(some));
  }
  objects.write(to.Bucket, `${prefix}/manifest.json`, JSON.stringify({ DestinationBucket: to.Bucket }));
  if (results.FAILED.length > map.ToleratedFailureCount) {
    throw new TaskError('States.ExceedToleratedFailureThreshold', 'The specified tolerated failure threshold was exceeded');
  }
  return { MapRunArn: 'arn:aws:states:eu-central-1:123456789012:mapRun:test', ResultWriterDetails: { Bucket: to.Bucket, Key: `${prefix}/manifest.json` } };
}

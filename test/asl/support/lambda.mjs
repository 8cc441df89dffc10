// The shipped binary as a Lambda function, behind the emulator.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { TaskError } from './machine.mjs';

const name = 'retrain';

// startLambda runs the binary that RETRAIN_BIN names, in the emulator that
// LAMBDAEMU names, with the given environment.
export async function startLambda(env) {
  const settings = Object.entries(env).flatMap(([key, value]) => ['-env', `${key}=${value}`]);
  const emulator = spawn(process.env.LAMBDAEMU, ['-name', name, '-timeout', '120s', ...settings, '--', process.env.RETRAIN_BIN], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const log = [];
  emulator.stderr.on('data', (chunk) => log.push(chunk));
  const ended = once(emulator, 'exit');
  const [address] = await Promise.race([
    once(createInterface(emulator.stdout), 'line'),
    ended.then(([code]) => Promise.reject(new Error(`the emulator ended with ${code}: ${Buffer.concat(log)}`))),
  ]);
  return {
    // invoke calls the function as the lambda:invoke integration does. A failed
    // function rejects with its errorType as name, and the error document as cause.
    async invoke(payload) {
      const response = await fetch(`${address}/2015-03-31/functions/${name}/invocations`, {
        method: 'POST',
        body: JSON.stringify(payload),
      });
      const text = await response.text();
      if (!response.ok) throw new TaskError(`Lambda.${response.headers.get('x-amzn-errortype')}`, text);
      const document = JSON.parse(text);
      if (response.headers.has('x-amz-function-error')) throw new TaskError(document.errorType, text);
      return document;
    },
    log: () => Buffer.concat(log).toString().slice(-4000), // its end
    // stop ends the function and the emulator.
    async stop() {
      emulator.stdin.end();
      await ended;
    },
  };
}

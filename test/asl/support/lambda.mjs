// The shipped binary as a Lambda function, behind the emulator.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { TaskError } from './machine.mjs';

const name = 'retrain';

// children lists the processes that any thread of a process has started.
function children(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((t) => readFileSync(`/proc/${pid}/task/${t}/children`, 'utf8').trim().split(' ')).filter(Boolean);
}

// startLambda runs the binary that RETRAIN_BIN names, in the emulator that
// LAMBDAEMU names, with the given environment and function timeout, in so many
// processes at most.
export async function startLambda(env, timeout = '120s', concurrency = 1) {
  const settings = Object.entries(env).flatMap(([key, value]) => ['-env', `${key}=${value}`]);
  const emulator = spawn(process.env.LAMBDAEMU, ['-name', name, '-timeout', timeout, '-concurrency', `${concurrency}`, ...settings, '--', process.env.RETRAIN_BIN], {
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
    // signal sends a signal to the function's process; false if there is none.
    signal(name) {
      const [child] = children(emulator.pid);
      if (child) process.kill(Number(child), name);
      return Boolean(child);
    },
    log: () => Buffer.concat(log).toString().slice(-4000), // its end
    wholeLog: () => Buffer.concat(log).toString(),
    // stop ends the function and the emulator.
    async stop() {
      emulator.stdin.end();
      await ended;
    },
  };
}

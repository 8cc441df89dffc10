// The two kinds of store that the definitions are run on: a folder, and a real S3
// server. Each comes with a place for data, and the environment that leads the
// function there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// place is a folder with a bucket "ml-data": data below data/, the store below store/.
function place(address) {
  const root = mkdtempSync(join(tmpdir(), 'retrain-asl-'));
  const bucket = join(root, 'ml-data');
  mkdirSync(join(bucket, 'data'), { recursive: true });
  return {
    root,
    dataRoot: address(bucket, 'data'),
    storeRoot: address(bucket, 'store'),
    // put copies a file to the data, or writes text there, and returns its address.
    put(file, text) {
      const target = join(bucket, 'data', basename(file));
      if (text === undefined) copyFileSync(file, target);
      else writeFileSync(target, text);
      return address(bucket, `data/${basename(file)}`);
    },
    // champion reads a model's pointer.
    champion: (model) => JSON.parse(readFileSync(join(bucket, 'store', 'models', model, 'champion.json'), 'utf8')),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

// folderStore keeps everything in a folder.
export async function folderStore() {
  const p = place((bucket, key) => join(bucket, key));
  return {
    ...p,
    env: { RETRAIN_STORE: p.storeRoot, RETRAIN_DATA_ROOTS: p.dataRoot },
    stop: async () => p.remove(),
  };
}

// s3Store starts the S3 server that RETRAIN_VERSITYGW names. It keeps objects as
// files, so data gets there by a copy.
export async function s3Store() {
  const p = place((bucket, key) => `s3://ml-data/${key}`);
  const keys = { id: 'retrain-test', secret: 'a-secret-of-this-test' };
  const address = `127.0.0.1:${await freePort()}`;
  const server = spawn(
    process.env.RETRAIN_VERSITYGW,
    ['--port', address, '--region', 'us-east-1', '--quiet', '--health', '/health', 'posix', p.root],
    { env: { ROOT_ACCESS_KEY: keys.id, ROOT_SECRET_KEY: keys.secret, HOME: p.root }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const said = [];
  server.stderr.on('data', (chunk) => said.push(chunk));
  const ended = once(server, 'exit');
  await healthy(`http://${address}/health`, ended, said);
  return {
    ...p,
    env: {
      RETRAIN_STORE: p.storeRoot,
      RETRAIN_DATA_ROOTS: p.dataRoot,
      AWS_ENDPOINT_URL_S3: `http://${address}`,
      AWS_ACCESS_KEY_ID: keys.id,
      AWS_SECRET_ACCESS_KEY: keys.secret,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    async stop() {
      server.kill();
      await ended;
      p.remove();
    },
  };
}

// freePort returns a port that was free a moment ago.
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function healthy(url, ended, said) {
  let over = false;
  ended.then(() => (over = true));
  for (let tries = 0; tries < 400 && !over; tries += 1) {
    try {
      if ((await fetch(url)).ok) return;
    } catch {
      // not listening yet
    }
    await sleep(50);
  }
  throw new Error(`the S3 server did not start: ${Buffer.concat(said)}`);
}

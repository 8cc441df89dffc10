// Validates the definitions that are named on the command line.
import { readFileSync } from 'node:fs';
import aslValidator from 'asl-validator';

for (const name of process.argv.slice(2)) {
  const { isValid, errorsText } = aslValidator(JSON.parse(readFileSync(name, 'utf8')));
  if (!isValid) throw new Error(`${name}: ${errorsText('\n')}`);
  console.log(`${name}: valid`);
}

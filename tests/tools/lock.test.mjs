// What package-lock.json may hold. npm writes the links of the workspaces with a "resolved" of their own whenever a package is
// added; without those two entries it makes the links all the same.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { projectRoot } from '../../tools/lib/run.mjs'

test('the lock file has a version for every package, and says of none where it came from', () => {
  const { packages } = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8'))
  for (const [path, { version, resolved }] of Object.entries(packages)) {
    if (path.startsWith('node_modules/')) assert.ok(version, path)
    assert.equal(resolved, undefined, path)
  }
})

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readSkills } from './read-skills.ts'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'skills-'))
  mkdirSync(join(root, 'skills'))
})
afterEach(() => rmSync(root, { recursive: true }))

function write(path: string, text: string | Buffer): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

const manifest = (name: string, more = '') => `---\nname: ${name}\ndescription: Helps.\n${more}---\n\n# Help\n`

describe('the build refuses, and says why [Y-02]', () => {
  test.each<[what: string, prepare: () => void, why: RegExp]>([
    ['no skill at all', () => {}, /there is no skill/],
    ['a file without front matter', () => write('skills/a/SKILL.md', '# A'), /a\/SKILL\.md.*---/],
    ['a skill without a description', () => write('skills/a/SKILL.md', '---\nname: a\n---\n'), /description/],
    ['a name that is not that of its folder', () => write('skills/a/SKILL.md', manifest('b')), /a.*b|b.*a/],
    ['a name that is no name', () => write('skills/A_b/SKILL.md', manifest('A_b')), /name/],
    [
      'a description that is too long',
      () => write('skills/a/SKILL.md', manifest('a').replace('Helps.', 'x'.repeat(1025))),
      /description/,
    ],
    ['YAML that runs code', () => write('skills/a/SKILL.md', manifest('a', 'x: !!js/function "f"\n')), /tags/],
    [
      'two skills of one name',
      () => {
        write('skills/one/a/SKILL.md', manifest('a'))
        write('skills/two/a/SKILL.md', manifest('a'))
      },
      /two skills of this name/,
    ],
    [
      'a file that is too large',
      () => {
        write('skills/a/SKILL.md', manifest('a'))
        write('skills/a/big.bin', Buffer.alloc(1024 * 1024 + 1))
      },
      /big\.bin: larger than 1 MB/,
    ],
    [
      'a link to a file elsewhere',
      () => {
        write('skills/a/SKILL.md', manifest('a'))
        symlinkSync('/etc/passwd', join(root, 'skills/a/passwd'))
      },
      /passwd/,
    ],
    [
      'a path with odd characters',
      () => {
        write('skills/a/SKILL.md', manifest('a'))
        write('skills/a/a\nb.md', 'x')
      },
      /a\\?.*b\.md/s,
    ],
  ])('%s', async (_what, prepare, why) => {
    prepare()
    const problem = await readSkills(root, 'skills').then(
      () => 'published',
      (error: Error) => error.message,
    )
    expect(problem).toMatch(/^MCP_SKILLS_DIR: the skills in skills cannot be published\./)
    expect(problem).toMatch(why)
  })

  test.each([['missing'], ['skills/a/SKILL.md'], ['link']])(
    'a folder that is none, or leads elsewhere: %s',
    async (folder) => {
      write('skills/a/SKILL.md', manifest('a'))
      symlinkSync(tmpdir(), join(root, 'link'))
      await expect(readSkills(root, folder)).rejects.toThrow(/no such folder|not inside of the repository/)
    },
  )
})

test('an archive holds all files of a skill, opens with tar, and is the same in every build [Y-03]', async () => {
  write('skills/a/SKILL.md', manifest('a'))
  write('skills/a/assets/deep/picture.png', Buffer.from([0x89, 0x50, 0xff, 0x00]))
  write('skills/a/empty.txt', '')
  const { artifacts, files } = await readSkills(root, 'skills')
  const [artifact] = artifacts
  expect((await readSkills(root, 'skills')).artifacts).toEqual(artifacts)
  expect(artifact?.path).toBe('/.well-known/agent-skills/a.tar.gz')

  const out = join(root, 'out')
  mkdirSync(out)
  writeFileSync(join(root, 'a.tar.gz'), Buffer.from(artifact?.base64 ?? '', 'base64'))
  execFileSync('tar', ['-xzf', join(root, 'a.tar.gz'), '-C', out])
  for (const path of ['SKILL.md', 'assets/deep/picture.png', 'empty.txt']) {
    expect(readFileSync(join(out, path))).toEqual(readFileSync(join(root, 'skills/a', path)))
  }
  expect(files['skill://a/assets/deep/picture.png']).toEqual({ mimeType: 'image/png', blob: 'iVD/AA==' })
  expect(files['skill://a/empty.txt']).toEqual({ mimeType: 'text/plain', text: '' })
})

test('hidden files are not published: such files often hold secrets', async () => {
  write('skills/a/SKILL.md', manifest('a'))
  write('skills/a/more.md', 'more')
  for (const path of ['a/.env', 'a/.git/config', '.env']) write(`skills/${path}`, 'SECRET=x')
  const { files } = await readSkills(root, 'skills')
  expect(Object.keys(files).toSorted()).toEqual(['skill://a/SKILL.md', 'skill://a/more.md'])
})

import { sections } from './config.ts'
import { flagOf, variableOf, type Option } from './option.ts'

/** The manual page of the configuration, in Markdown, from the declarations. */
export function configManual(): string {
  const parts = Object.values(sections).map(({ title, about, options }) =>
    [`## ${title}`, about, ...Object.values(options).map((option: Option<unknown>) => entry(option))].join('\n\n'),
  )
  return `${intro}\n\n${parts.join('\n\n')}\n`
}

const intro = `# Configuration

Every option can stand in a YAML file, in an environment variable and on the command line; the later ones weigh more. The file is
\`causeway.yaml\` in the working directory, or what \`--config FILE\` or \`CAUSEWAY_CONFIG\` names. Dots in a name are levels of the file:

\`\`\`yaml
server_name: example.org
database: postgres://causeway:secret@localhost/causeway
log:
  level: warn
\`\`\`

\`causeway config check\` says whether a configuration is right, \`causeway config print\` shows what is in force, and this page is what
\`causeway config manual\` prints.`

function entry(option: Option<unknown>): string {
  const standard = option.defaultText ?? (typeof option.default === 'string' ? option.default : '')
  return [
    `### \`${option.key}\``,
    option.about,
    `${capital(option.type.text)}. Default: ${standard === '' ? 'none' : `\`${standard}\``}. \`${variableOf(option.key)}\`, \`${flagOf(option.key)}\`.`,
  ].join('\n\n')
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

/** The command line: `backchannel <command>`, with Centrifugo's commands and flags. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { checkconfig } from './commands/checkconfig.ts'
import { describeConnectionToken, describeSubscriptionToken } from './commands/checktoken.ts'
import { connectionToken, subscriptionToken, type TokenRequest } from './commands/gentoken.ts'
import { genconfig } from './commands/genconfig.ts'
import { migrateconfig } from './commands/migrateconfig.ts'
import { versionText } from './commands/version.ts'
import { exitCodes, Failure } from './failure.ts'
import { addOptionFlags, optionFlagsOf } from './flags.ts'
import { loadConfig, type LoadedConfig, type Sources } from './load/load-config.ts'

/** Runs a command, and sets the process's exit code. Never rejects. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    const root = program()
    refuseUnknownCommand(root, args[0] ?? '-')
    await root.parseAsync(args, { from: 'user' })
  } catch (error) {
    process.exitCode = report(error)
  }
}

/** Flags alone are for the default command; a word that is no command would be an argument of it. */
function refuseUnknownCommand(root: Command, first: string): void {
  const names = root.commands.map((command) => command.name())
  if (first.startsWith('-') || first === 'help' || names.includes(first)) return
  throw new Failure('usage', `there is no command ${first.slice(0, 40)}; there are ${names.toSorted().join(', ')}`)
}

function report(error: unknown): number {
  // The text of usage errors is out already, and help is none.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage
  if (error instanceof Failure) {
    warn(`backchannel: ${error.message}`)
    return error.exitCode
  }
  warn(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return exitCodes.failed
}

function print(text: string): void {
  process.stdout.write(text)
}

function warn(line: string): void {
  process.stderr.write(`${line}\n`)
}

interface ConfigFlags {
  readonly config: string
}

/** Which file a command reads; its name's default is not asked for to be there. */
function withConfig(command: Command, description = 'configuration file: JSON, YAML or TOML'): Command {
  return command.option('-c, --config <file>', description, 'config.json')
}

function sourcesOf(command: Command): Sources {
  const { config } = command.opts<ConfigFlags>()
  return { file: config, isExplicit: command.getOptionValueSource('config') === 'cli', env: process.env }
}

function program(): Command {
  const root = new Command('backchannel')
    .description('The realtime hub as a process of its own, with the configuration of Centrifugo v6.')
    .version(versionText().trimEnd(), '-v, --version', 'print the version')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'backchannel: ')) })
    .configureHelp({ sortSubcommands: true })
    .showSuggestionAfterError()
  for (const command of [serveCommand(), ...configCommands(), ...tokenCommands(), versionCommand()]) {
    root.addCommand(command.copyInheritedSettings(root), { isDefault: command.name() === 'serve' })
  }
  return root
}

function serveCommand(): Command {
  const command = withConfig(new Command('serve')).description('run the hub (the default command)')
  addOptionFlags(command)
  return command
    .addOption(
      new Option('--allow-unsupported <option>', 'start although this option has no effect here; repeatable')
        .argParser((value: string, previous: string[]) => [...previous, value])
        .default([], ''),
    )
    .action(async () => {
      const { allowUnsupported } = command.opts<{ allowUnsupported: string[] }>()
      // The hub itself is only loaded to be run.
      const { serve } = await import('./commands/serve.ts')
      await serve({ ...sourcesOf(command), flags: optionFlagsOf(command), allowed: allowUnsupported })
    })
}

function configCommands(): Command[] {
  const check = withConfig(new Command('checkconfig'))
    .description('check a configuration, and say nothing when it is in order')
    .option('-s, --strict', 'fail on warnings too', false)
  check.action(() => checkconfig(sourcesOf(check), check.opts<{ strict: boolean }>().strict, warn))

  const generate = withConfig(new Command('genconfig'), 'file to write: .json, .yaml or .toml')
    .description('write a small configuration to start with')
    .action(() => genconfig(generate.opts<ConfigFlags>().config))

  const migrate = withConfig(new Command('migrateconfig'), 'configuration of Centrifugo v5 or older')
    .description('print a flat configuration in the shape of v6')
    .option('-o, --output <file>', 'write it to a new file instead')
    .action(() => print(migrateconfig(sourcesOf(migrate).file, migrate.opts<{ output?: string }>().output, warn)))
  return [check, generate, migrate]
}

function wholeNumber(text: string): number {
  if (!/^-?\d{1,12}$/.test(text)) throw new InvalidArgumentError('It is not a whole number.')
  return Number(text)
}

function tokenCommands(): Command[] {
  const generating = (name: string, description: string, make: (loaded: LoadedConfig, command: Command) => string) => {
    const command = withConfig(new Command(name))
      .description(description)
      .option('-u, --user <id>', 'the user; without it the token is an anonymous one', '')
      .option('-t, --ttl <seconds>', 'lifetime; -1 for a token that does not expire', wholeNumber, 7 * 24 * 3600)
      .option('-q, --quiet', 'print nothing but the token', false)
    return command.action(() => print(make(loadConfig({ ...sourcesOf(command), allowed: 'all' }), command)))
  }
  const connection = generating('gentoken', 'make a connection token', (loaded, command) =>
    connectionToken(loaded, command.opts<TokenRequest>()),
  )
  const subscription = generating('gensubtoken', 'make a subscription token', (loaded, command) =>
    subscriptionToken(loaded, command.opts<{ channel: string }>().channel, command.opts<TokenRequest>()),
  ).option('-s, --channel <name>', 'the channel', '')
  const checking = (
    name: string,
    description: string,
    describe: (loaded: LoadedConfig, token: string) => Promise<string>,
  ) => {
    const command = withConfig(new Command(name)).description(description).argument('<token>', 'the token')
    return command.action(async (token: string) => {
      print(await describe(loadConfig({ ...sourcesOf(command), allowed: 'all' }), token))
    })
  }
  return [
    connection,
    subscription,
    checking('checktoken', 'check a connection token', describeConnectionToken),
    checking('checksubtoken', 'check a subscription token', describeSubscriptionToken),
  ]
}

function versionCommand(): Command {
  return new Command('version').description('print the version').action(() => print(versionText()))
}

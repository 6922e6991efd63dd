//! The command line. Data goes to stdout or a file, everything else to stderr; 1 means failed, 2
//! wrong usage or input.

mod acceptance;
mod agents;
mod agreements;
mod bundle;
mod check;
mod demo;
mod exclusions;
mod gaps;
mod help;
mod import;
mod ledger;
mod output;
mod plan;
mod replay;
mod serve;
mod sites;
mod solve;
mod statement;
mod store;
mod targets;
mod users;
mod verify;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::config::Language;
use words::{FileError, Text};

/// Desserte: how public sites are connected, and which to connect or repair next.
#[derive(Debug, Parser)]
#[command(name = "desserte", version, about, disable_help_subcommand = true)]
struct Cli {
    /// Language of messages and reports; that of the environment (LANG) when left out, else French.
    #[arg(long, global = true, value_enum)]
    language: Option<Language>,
    /// Log more to stderr; twice: everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve agents and browsers until SIGTERM; prints both addresses as one JSON line.
    Serve(serve::Serve),
    /// Try it: invented sites of a real country, a simulated fleet of agents with a month of history,
    /// and one real agent that measures this machine's loopback.
    Demo(demo::Demo),
    /// Import sites or layers; a dry run without --apply.
    #[command(subcommand)]
    Import(import::Import),
    /// List, show, merge or move sites.
    #[command(subcommand)]
    Sites(sites::Sites),
    /// List agents, make enrolment codes, revoke, confirm lines.
    #[command(subcommand)]
    Agents(agents::Agents),
    /// Enter or list what there is to measure.
    #[command(subcommand)]
    Targets(targets::Targets),
    /// Add, list, reset or disable people who may sign in.
    #[command(subcommand)]
    Users(users::Users),
    /// Add, list or check agreements, and enter, approve or withdraw their exclusions.
    #[command(subcommand)]
    Agreements(agreements::Agreements),
    /// The statement of an agreement for a month, as data, as a workbook or as a page to print.
    Statement(statement::Statement),
    /// How far each site and area is from fibre, masts, coverage, roads and electricity.
    Gaps(gaps::Gaps),
    /// The log that outside parties hold checkpoints of: sign one, or check everything against it.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Recompute a statement from its bundle and check every proof in it, without the collector.
    Verify(verify::Verify),
    /// Rank the sites by a scenario and write the list.
    Plan(plan::PlanCommand),
    /// Solve a published problem: Steiner tree, prize-collecting Steiner tree, or maximal cover.
    Solve(solve::Solve),
    /// Run recorded reports through time, slots and outages, in virtual time.
    Replay(replay::Replay),
    /// Compare the rules with worked cases.
    #[command(subcommand)]
    Conformance(check::Conformance),
    /// Check, measure or compact what was measured.
    #[command(subcommand)]
    Store(store::Store),
    /// Copy a data folder while it serves: to a folder, or to one .zip file.
    Backup(store::Backup),
    /// Put a backup into a data folder.
    Restore(store::Restore),
    /// Check a configuration file.
    CheckConfig(check::CheckConfig),
}

/// What every command may know.
#[derive(Debug, Clone, Copy)]
struct Context {
    language: Language,
}

/// How a command ends when it does not succeed.
#[derive(Debug)]
enum Failure {
    /// Wrong usage or input: exit 2.
    Input(Text),
    /// It failed: exit 1.
    Failed(Text),
}

impl Failure {
    fn input(error: impl Into<Text>) -> Self {
        Self::Input(error.into())
    }

    fn failed(error: impl Into<Text>) -> Self {
        Self::Failed(error.into())
    }
}

type Outcome = Result<(), Failure>;

/// Reads the command line and runs it.
#[must_use]
pub fn run() -> ExitCode {
    let words: Vec<String> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let language = help::language_of(&words);
    let read = help::in_language(Cli::command(), language)
        .try_get_matches()
        .and_then(|found| Cli::from_arg_matches(&found));
    let cli = match read {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && language == Language::Fr => {
            let text = help::refusal_fr(&error);
            output::complain(
                language,
                ("refusé", "refused"),
                &Text::new(text.clone(), text),
            );
            return ExitCode::from(2);
        }
        Err(error) => {
            // Help and version are data; clap knows which stream.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let context = Context {
        language: cli.language.unwrap_or_else(Language::of_environment),
    };
    crate::telemetry::start_log(cli.verbose);
    match dispatch(cli.command, context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(text)) => {
            output::complain(context.language, ("échec", "failed"), &text);
            ExitCode::from(1)
        }
        Err(Failure::Input(text)) => {
            output::complain(context.language, ("refusé", "refused"), &text);
            ExitCode::from(2)
        }
    }
}

fn dispatch(command: Command, context: Context) -> Outcome {
    match command {
        Command::Serve(serve) => serve.run(context),
        Command::Demo(demo) => demo.run(context),
        Command::Import(import) => import.run(context),
        Command::Sites(sites) => sites.run(),
        Command::Agents(agents) => agents.run(),
        Command::Targets(targets) => targets.run(context),
        Command::Users(users) => users.run(),
        Command::Agreements(agreements) => agreements.run(context),
        Command::Gaps(gaps) => gaps.run(context),
        Command::Ledger(ledger) => ledger.run(context),
        Command::Statement(statement) => statement.run(context),
        Command::Verify(verify) => verify.run(context),
        Command::Plan(plan) => plan.run(context),
        Command::Solve(solve) => solve.run(context),
        Command::Replay(replay) => replay.run(),
        Command::Conformance(conformance) => conformance.run(),
        Command::Store(store) => store.run(context),
        Command::Backup(backup) => backup.run(context),
        Command::Restore(restore) => restore.run(context),
        Command::CheckConfig(check) => check.run(context),
    }
}

impl Context {
    /// The language of what is written for people.
    fn export(self) -> crate::export::Language {
        match self.language {
            Language::Fr => crate::export::Language::Fr,
            Language::En => crate::export::Language::En,
        }
    }
}

/// Author of what is entered by a command: whoever may write the data folder.
const AUTHOR: &str = "command line";

fn now_unix_ms() -> i64 {
    use desserte_probe::clock::Clock as _;
    desserte_probe::clock::SystemClock.unix_ms()
}

/// A moment as RFC 3339 in UTC.
fn moment_text(unix_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(unix_ms)
        .unwrap_or_default()
        .to_string()
}

/// Makes a data folder that is not there yet.
fn make_folder(folder: &std::path::Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::input(FileError::Folder(folder.to_owned(), error)))
}

/// The registry of a data folder; a server may have it open at the same time.
fn registry(data: &Data) -> Result<crate::registry::Registry, Failure> {
    make_folder(&data.data)?;
    crate::registry::Registry::open(&crate::collector::registry_path(&data.data))
        .map_err(Failure::failed)
}

/// The data folder of a command.
#[derive(Debug, clap::Args)]
struct Data {
    /// Folder with the collector's data.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

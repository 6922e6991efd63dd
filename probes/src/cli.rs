//! The command line.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::{
    agent::{self, AgentError, AgentOptions},
    clock::{Clock as _, SystemClock},
    config::{Config, ConfigError, FILE_NAME, Language, log_level},
    identity::{self, IdentityError},
    kinds::Measured,
    messages,
    status::{NoStatus, Status, outcome_text},
    wire::schedule::Target,
};

/// What was tried failed.
const FAILED: u8 = 1;
/// Wrong usage or wrong input.
const WRONG_INPUT: u8 = 2;

#[derive(Debug, Parser)]
#[command(
    name = "desserte-probe",
    version,
    about = "Desserte measurement agent / agent de mesure"
)]
struct Arguments {
    /// Language of what is read here; default: that of the environment, French when it names none /
    /// langue ; par défaut celle de l'environnement, sinon le français.
    #[arg(long, value_enum, global = true)]
    language: Option<Language>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Redeem a one-time code / utiliser un code d'enrôlement.
    Enrol {
        /// Address of the collector, `https://HOST:PORT`.
        #[arg(long)]
        collector: String,
        /// The code.
        #[arg(long)]
        code: String,
        /// Data folder; made when it is not there.
        #[arg(long)]
        data: PathBuf,
    },
    /// Measure, record and upload until told to stop / mesurer, enregistrer, envoyer.
    Run {
        /// Data folder.
        #[arg(long)]
        data: PathBuf,
    },
    /// Measure each target once and print the results / mesurer chaque cible une fois.
    Once {
        /// Data folder.
        #[arg(long)]
        data: PathBuf,
        /// How to print.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Tell how the agent fares, in plain words / dire comment va l'agent.
    Status {
        /// Data folder.
        #[arg(long)]
        data: PathBuf,
        /// How to print.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Check the configuration / vérifier la configuration.
    CheckConfig {
        /// Data folder whose `agent.toml` is checked.
        #[arg(long, required_unless_present = "config", conflicts_with = "config")]
        data: Option<PathBuf>,
        /// A configuration file.
        #[arg(long)]
        config: Option<PathBuf>,
    },
}

/// Runs the program: data to standard output, everything else to standard error.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print(); // nothing is left to tell it to
            return ExitCode::from(if error.use_stderr() { WRONG_INPUT } else { 0 });
        }
    };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(log_level())
        .init();
    match dispatch(arguments.command, arguments.language) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A configuration that cannot be read names no language.
            let language = Config::default().language(arguments.language);
            let text = messages::explain(&error, language);
            let _ = writeln!(std::io::stderr(), "desserte-probe: {text}");
            ExitCode::from(exit_code(&error))
        }
    }
}

/// What the person can mend by typing something else is wrong input.
fn exit_code(error: &anyhow::Error) -> u8 {
    let identity = |error: &IdentityError| {
        matches!(
            error,
            IdentityError::NotEnrolled(_)
                | IdentityError::AlreadyEnrolled(_)
                | IdentityError::Code(_)
        )
    };
    let wrong = error.is::<ConfigError>()
        || error.downcast_ref::<IdentityError>().is_some_and(identity)
        || matches!(error.downcast_ref(), Some(AgentError::Identity(e)) if identity(e))
        || error.is::<NoStatus>();
    if wrong { WRONG_INPUT } else { FAILED }
}

fn dispatch(command: Command, language: Option<Language>) -> anyhow::Result<()> {
    match command {
        Command::Enrol {
            collector,
            code,
            data,
        } => enrol(&collector, &code, &data),
        Command::Run { data } => run(&data),
        Command::Once { data, format } => once(&data, format, language),
        Command::Status { data, format } => status(&data, format, language),
        Command::CheckConfig { data, config } => {
            let path = config
                .or_else(|| data.map(|d| d.join(FILE_NAME)))
                .unwrap_or_default();
            Config::read(&path)?;
            print(&format!("{}: ok\n", path.display()))
        }
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(2) // name resolution and signals
        .thread_stack_size(512 * 1024)
        .build()
        .context("start the runtime")
}

fn enrol(collector: &str, code: &str, data: &Path) -> anyhow::Result<()> {
    let enrolment = runtime()?.block_on(identity::enrol(data, collector, code))?;
    let answer = serde_json::json!({
        "agent": enrolment.agent,
        "site": enrolment.site,
        "site_name": enrolment.site_name,
        "targets": enrolment.schedule.targets.len(),
    });
    print(&format!("{answer}\n"))
}

fn run(data: &Path) -> anyhow::Result<()> {
    let config = Config::of_data(data)?;
    let options = AgentOptions {
        notify_systemd: true,
        ..AgentOptions::new(data, config)
    };
    runtime()?.block_on(async {
        let (stop, stopped) = watch::channel(false);
        let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
        tokio::spawn(async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            let _ = stop.send(true); // the agent may have ended by itself
        });
        Ok(agent::run(options, stopped).await?)
    })
}

fn once(data: &Path, format: Format, language: Option<Language>) -> anyhow::Result<()> {
    let config = Config::of_data(data)?;
    let language = config.language(language);
    let options = AgentOptions::new(data, config);
    let results = runtime()?.block_on(agent::once(&options))?;
    match format {
        Format::Json => {
            let rows: Vec<_> = results.iter().map(json_row).collect();
            print(&format!("{}\n", serde_json::Value::from(rows)))
        }
        Format::Text => {
            let rows: Vec<String> = results.iter().map(|r| text_row(r, language)).collect();
            print(&rows.concat())
        }
    }
}

fn json_row((target, measured): &(Target, Measured)) -> serde_json::Value {
    serde_json::json!({
        "target": target.id,
        "outcome": measured.outcome,
        "sent": measured.sent,
        "received": measured.received,
        "rtt_us_min": measured.times.map(|t| t.min),
        "rtt_us_median": measured.times.map(|t| t.median),
        "rtt_us_max": measured.times.map(|t| t.max),
        "coarse": measured.coarse,
        "detail": measured.detail,
    })
}

fn text_row((target, measured): &(Target, Measured), language: Language) -> String {
    let outcome = outcome_text(measured.outcome, language);
    let counts = format!("{}/{}", measured.received, measured.sent);
    let median = measured
        .times
        .map_or_else(String::new, |t| format!("{} µs", t.median));
    format!("{:<24} {outcome:<28} {counts:>7} {median:>14}\n", target.id)
}

fn status(data: &Path, format: Format, language: Option<Language>) -> anyhow::Result<()> {
    let language = Config::of_data(data)?.language(language);
    let status = Status::read(data)?.ok_or_else(|| NoStatus(data.to_owned()))?;
    let now = SystemClock.unix_ms();
    let alive = agent::is_running(data) && status.is_fresh(now);
    match format {
        Format::Text => print(&status.text(alive, language, now)),
        Format::Json => {
            let mut value = serde_json::to_value(&status)?;
            if let Some(object) = value.as_object_mut() {
                object.insert("alive".to_owned(), alive.into());
            }
            print(&format!("{value}\n"))
        }
    }
}

/// The one way to standard output.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("write to standard output")
}

//! The command line's own help in the reader's language: its texts are written once in English, beside
//! what they describe, and looked up here. A test holds that none is missing.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, builder::StyledStr};

use crate::config::Language;

/// One text a line: English, a tab, French.
const FRENCH: &str = include_str!("help.fr.tsv");
/// Headings of a help page in French; clap's own are English.
const TEMPLATE_FR: &str =
    "{before-help}{about-with-newline}\nUtilisation : {usage}\n\n{all-args}{after-help}";
const COMMANDS_FR: &str = "Commandes";
const ARGUMENTS_FR: &str = "Arguments";
const OPTIONS_FR: &str = "Options";

/// The language of help, before anything else of the command line is understood.
pub(super) fn language_of(words: &[String]) -> Language {
    let named = |word: &str| match word {
        "fr" => Some(Language::Fr),
        "en" => Some(Language::En),
        _ => None,
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--language") {
            Some("") => words.next().map(String::as_str),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        if let Some(language) = value.and_then(named) {
            return language;
        }
    }
    Language::of_environment()
}

/// The command with its texts in a language.
pub(super) fn in_language(command: Command, language: Language) -> Command {
    match language {
        Language::En => command,
        Language::Fr => french(command),
    }
}

fn french(mut command: Command) -> Command {
    command = command
        .help_template(TEMPLATE_FR)
        .subcommand_help_heading(COMMANDS_FR)
        .subcommand_value_name("COMMANDE")
        .disable_help_flag(true)
        .disable_version_flag(true);
    if let Some(text) = command.get_about().map(StyledStr::to_string) {
        command = command.about(translated(&text));
    }
    if let Some(text) = command.get_long_about().map(StyledStr::to_string) {
        command = command.long_about(translated(&text));
    }
    command = command.mut_args(french_argument).mut_subcommands(french);
    command = command.arg(
        Arg::new("help")
            .short('h')
            .long("help")
            .action(clap::ArgAction::Help)
            .help("Affiche cette aide")
            .help_heading(OPTIONS_FR),
    );
    if command.get_version().is_some() {
        command = command.arg(
            Arg::new("version")
                .short('V')
                .long("version")
                .action(clap::ArgAction::Version)
                .help("Affiche la version")
                .help_heading(OPTIONS_FR),
        );
    }
    command
}

fn french_argument(mut argument: Arg) -> Arg {
    if let Some(text) = argument.get_help().map(StyledStr::to_string) {
        argument = argument.help(translated(&text));
    }
    if let Some(text) = argument.get_long_help().map(StyledStr::to_string) {
        argument = argument.long_help(translated(&text));
    }
    let heading = if argument.is_positional() {
        ARGUMENTS_FR
    } else {
        OPTIONS_FR
    };
    // Clap's own notes ("[default: …]") are English; they are said in our words.
    let mut notes = Vec::new();
    let defaults: Vec<String> = argument
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy().into_owned())
        .collect();
    if !defaults.is_empty() && !argument.is_hide_default_value_set() {
        notes.push(format!("[défaut : {}]", defaults.join(", ")));
    }
    let values: Vec<String> = argument
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| value.get_name().to_owned())
        .collect();
    if !values.is_empty() && argument.get_action().takes_values() {
        notes.push(format!("[valeurs : {}]", values.join(", ")));
    }
    if !notes.is_empty() {
        let text = argument
            .get_help()
            .map(StyledStr::to_string)
            .unwrap_or_default();
        argument = argument.help(format!("{text} {}", notes.join(" ")).trim().to_owned());
    }
    if argument.get_action().takes_values() {
        argument = argument.hide_default_value(true).hide_possible_values(true);
    }
    argument.help_heading(heading)
}

/// The French of a text; the text itself where the table has none, which a test refuses.
fn translated(english: &str) -> String {
    table()
        .find(|(text, _)| *text == english)
        .map_or(english, |(_, french)| french)
        .to_owned()
}

fn table() -> impl Iterator<Item = (&'static str, &'static str)> {
    FRENCH.lines().filter_map(|line| line.split_once('\t'))
}

/// What clap refused, in French.
pub(super) fn refusal_fr(error: &clap::Error) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        Some(ContextValue::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let argument = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue);
    let known = context(ContextKind::ValidValue);
    let text = match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => {
            format!("{argument} demande une valeur")
        }
        ErrorKind::InvalidValue => format!("{argument} ne peut valoir « {value} »"),
        ErrorKind::UnknownArgument => format!("option ou argument inconnu : {argument}"),
        ErrorKind::InvalidSubcommand => {
            format!(
                "commande inconnue : {}",
                context(ContextKind::InvalidSubcommand)
            )
        }
        ErrorKind::NoEquals => format!("{argument} demande le signe = devant sa valeur"),
        // The reason is written by what reads the value.
        ErrorKind::ValueValidation => {
            let reason = std::error::Error::source(error).map(ToString::to_string);
            let reason = reason
                .map(|reason| format!(" : {reason}"))
                .unwrap_or_default();
            format!("{argument} : « {value} » ne convient pas{reason}")
        }
        ErrorKind::TooManyValues => format!("trop de valeurs pour {argument} : « {value} »"),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("nombre de valeurs inattendu pour {argument}")
        }
        ErrorKind::ArgumentConflict => format!(
            "{argument} ne va pas avec {}",
            context(ContextKind::PriorArg)
        ),
        ErrorKind::MissingRequiredArgument => format!("il manque {argument}"),
        ErrorKind::MissingSubcommand => format!(
            "il manque une commande, parmi : {}",
            context(ContextKind::ValidSubcommand)
        ),
        ErrorKind::InvalidUtf8 => "un argument n’est pas du texte UTF-8".to_owned(),
        _ => error.to_string(),
    };
    if known.is_empty() || value.is_empty() {
        text
    } else {
        format!("{text} ; valeurs admises : {known}")
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    fn texts(command: &Command, found: &mut Vec<String>) {
        let own = [command.get_about(), command.get_long_about()];
        found.extend(own.into_iter().flatten().map(StyledStr::to_string));
        for argument in command.get_arguments() {
            let own = [argument.get_help(), argument.get_long_help()];
            found.extend(own.into_iter().flatten().map(StyledStr::to_string));
        }
        for inner in command.get_subcommands() {
            texts(inner, found);
        }
    }

    #[test]
    fn every_text_of_the_help_has_its_french_and_no_french_is_left_over() {
        let mut found = Vec::new();
        texts(&Cli::command(), &mut found);
        found.sort();
        found.dedup();
        let missing: Vec<&String> = found
            .iter()
            .filter(|text| !table().any(|(english, _)| english == *text))
            .collect();
        assert!(missing.is_empty(), "without French:\n{missing:#?}");
        let idle: Vec<&str> = table()
            .map(|(english, _)| english)
            .filter(|english| !found.iter().any(|text| text == english))
            .collect();
        assert!(idle.is_empty(), "of no command any more:\n{idle:#?}");
    }

    #[test]
    fn help_and_refusals_speak_the_language_asked_for() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(language_of(&words("plan --language fr")), Language::Fr);
        assert_eq!(language_of(&words("--language=en plan")), Language::En);
        let mut command = in_language(Cli::command(), Language::Fr);
        let help = command.render_long_help().to_string();
        assert!(
            help.contains("Utilisation :") && help.contains("Commandes:"),
            "{help}"
        );
        assert!(
            !help.contains("Usage") && !help.contains("Print help"),
            "{help}"
        );
        let refused = |text: &str| {
            let command = in_language(Cli::command(), Language::Fr);
            refusal_fr(&command.try_get_matches_from(words(text)).unwrap_err())
        };
        assert_eq!(refused("desserte nope"), "commande inconnue : nope");
        assert!(
            refused("desserte serve --nope").starts_with("option ou argument inconnu : --nope")
        );
        assert!(
            refused("desserte solve steiner").starts_with("il manque <"),
            "{}",
            refused("desserte solve steiner")
        );
        assert!(refused("desserte serve --language xx").contains("valeurs admises : fr, en"));
    }
}

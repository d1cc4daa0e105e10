//! Logs on standard error: text for a person at a terminal, one JSON object a line for everything else.
//!
//! What belongs to a request (tenant, org, user, request id) is put on its span once and appears in each line logged
//! inside it; nobody repeats it at a call.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt};

use super::json_line::JsonLine;
use crate::error::{Error, Result};

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    #[default]
    Auto,
    Text,
    Json,
}

/// Libraries that would drown the product's own lines at `debug`. sqlx warns of slow statements and is silent about all
/// others; a directive of the setting that names the same target wins.
const QUIET: &str = "sqlx=warn,sea_orm=warn,hyper=info,hyper_util=info,h2=info,rustls=info,reqwest=info";

/// Sets up logging for the process; call once, first thing.
///
/// `level` is a level (`info`) or a list of directives (`info,yuantus::jobs=debug`).
///
/// Errors: `Config` if `level` cannot be understood, `Internal` if logging is set up already.
pub fn init(level: &str, format: LogFormat) -> Result<()> {
    let terminal = io::stderr().is_terminal();
    let installed = match format {
        LogFormat::Text => text(level, io::stderr, terminal)?.try_init(),
        LogFormat::Auto if terminal => text(level, io::stderr, terminal)?.try_init(),
        LogFormat::Auto | LogFormat::Json => json(level, io::stderr)?.try_init(),
    };
    installed.map_err(|error| Error::internal("Logging is set up already").caused_by(error))
}

type Subscriber = tracing_subscriber::layer::Layered<Box<dyn Layer<Registry> + Send + Sync>, Registry>;

fn text<W>(level: &str, writer: W, ansi: bool) -> Result<Subscriber>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(ansi);
    Ok(tracing_subscriber::registry().with(lines.with_filter(filter(level)?).boxed()))
}

fn json<W>(level: &str, writer: W) -> Result<Subscriber>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines =
        tracing_subscriber::fmt::layer().fmt_fields(JsonFields::new()).event_format(JsonLine).with_writer(writer);
    Ok(tracing_subscriber::registry().with(lines.with_filter(filter(level)?).boxed()))
}

fn filter(level: &str) -> Result<EnvFilter> {
    let wrong = |reason: String| {
        Error::config(format!(
            "logging.level: {reason}; expected error, warn, info, debug, trace or off, or directives such as info,yuantus::jobs=debug"
        ))
    };
    let bare = level.split(',').map(str::trim).filter(|part| !part.contains(['=', '[']));
    for word in bare {
        // On its own, an unknown word would be taken for a target, and a typing error would silence the log.
        if word.parse::<LevelFilter>().is_err() || word.is_empty() {
            return Err(wrong(format!("{word:?} is no level")));
        }
    }
    EnvFilter::builder().parse(format!("{QUIET},{level}")).map_err(|error| wrong(error.to_string()).caused_by(error))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;
    use crate::error::Kind;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Captured {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }

        fn lines(&self) -> Vec<Value> {
            self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }
    }

    impl io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn json_of(level: &str, act: impl FnOnce()) -> Vec<Value> {
        let captured = Captured::default();
        let writer = captured.clone();
        tracing::subscriber::with_default(json(level, move || writer.clone()).unwrap(), act);
        captured.lines()
    }

    #[test]
    fn a_line_inside_a_request_carries_the_fields_of_its_spans() {
        let lines = json_of("info", || {
            let request = tracing::info_span!(
                "request",
                request_id = "r-1",
                tenant = "acme",
                org = tracing::field::Empty,
                user = tracing::field::Empty
            );
            let _in_request = request.enter();
            request.record("org", "plant");
            request.record("user", 7_i64);
            let _in_job = tracing::info_span!("job", job = "preview", tenant = "inner").entered();
            tracing::info!(size = 3_u64, ok = true, ratio = 0.5, "stored a file");
        });
        let line = &lines[0];
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["message"], "stored a file");
        assert_eq!(line["target"], "yuantus::telemetry::logging::tests");
        assert_eq!((&line["request_id"], &line["org"], &line["user"]), (&"r-1".into(), &"plant".into(), &7.into()));
        assert_eq!((&line["job"], &line["size"], &line["ok"]), (&"preview".into(), &3.into(), &true.into()));
        assert_eq!((&line["ratio"], &line["tenant"]), (&0.5.into(), &"inner".into()));
        let time = line["timestamp"].as_str().unwrap();
        assert!(time.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{time}");
    }

    #[test]
    fn a_field_cannot_pose_as_the_level_or_break_the_line() {
        let lines = json_of("info", || {
            let _span = tracing::info_span!("request", level = "forged", message = "forged").entered();
            tracing::warn!(timestamp = "forged", "two\nlines \"quoted\"");
        });
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["level"], "WARN");
        assert_eq!(lines[0]["message"], "two\nlines \"quoted\"");
        assert_ne!(lines[0]["timestamp"], "forged");
    }

    #[test]
    fn statements_are_not_logged_unless_asked_for() {
        let act = || {
            tracing::debug!(target: "sqlx::query", "SELECT 1");
            tracing::warn!(target: "sqlx::query", "slow statement");
            tracing::debug!("own line");
        };
        let messages = |lines: Vec<Value>| lines.iter().map(|line| line["message"].clone()).collect::<Vec<_>>();
        assert_eq!(messages(json_of("debug", act)), ["slow statement", "own line"]);
        assert_eq!(messages(json_of("info,sqlx=debug", act)), ["SELECT 1", "slow statement"]);
    }

    #[test]
    fn a_bad_level_names_the_setting() {
        for bad in ["inof", "", "info,", "debug,verbose", "yuantus=loud"] {
            let error = filter(bad).unwrap_err();
            assert_eq!(error.kind(), Kind::Config, "{bad}");
            assert!(error.message().starts_with("logging.level: "), "{}", error.message());
        }
        for good in ["info", "WARN", "off", "info,yuantus::jobs=debug", "yuantus=trace"] {
            assert!(filter(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn text_is_readable_and_free_of_colour_when_not_on_a_terminal() {
        let captured = Captured::default();
        let writer = captured.clone();
        tracing::subscriber::with_default(text("info", move || writer.clone(), false).unwrap(), || {
            let _span = tracing::info_span!("request", tenant = "acme").entered();
            tracing::info!("ready");
        });
        let text = captured.text();
        assert!(text.contains("INFO") && text.contains("tenant=\"acme\"") && text.contains("ready"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}

//! The command line: one file per command.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage, 3 workspace locked, 4 partly done.

mod apply;
mod calibrate;
mod client;
mod config;
mod demo;
mod doctor;
mod embed;
mod evaluate;
mod export;
mod glossary;
mod import;
mod job;
mod map;
mod models;
mod prepass;
mod progress;
mod quality;
mod refusal;
mod select;
mod serve;
mod similar;
mod sql;
mod synthesize;
mod terminal;
mod train;
mod versions;
mod workspace;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// A local workbench for object-detection datasets: label, ask in SQL, import, export. Nothing leaves this machine.
#[derive(Parser)]
#[command(name = "tator", version, max_term_width = 110, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Open a workspace in the browser
    Serve(serve::Serve),
    /// Import the demo dataset if it is not there, then serve
    Demo(demo::Demo),
    /// Bring a dataset in: YOLO, COCO, Pascal VOC, Parquet or plain pictures
    Import(import::Import),
    /// Write a dataset out in the format of another tool
    Export(export::Export),
    /// Let models look at images, and gather what they find as candidates
    Prepass(prepass::Prepass),
    /// Measure detections against the truth: COCO's figures, precision, recall and F1
    Evaluate(evaluate::Evaluate),
    /// Learn which candidates of a run to believe, and test it
    Calibrate(calibrate::Calibrate),
    /// Put the candidates that a calibration accepts on unlabelled images, as drafts
    Apply(apply::Apply),
    /// Ask a question in SQL
    Sql(sql::Sql),
    /// Name the present state of a dataset, or list the named ones
    Versions(versions::Versions),
    /// Train class heads on vectors, list them, put one to work
    Train(train::Train),
    /// Choose what to label next, or replay labelled images to see what choosing is worth
    Select(select::Select),
    /// Turn images and boxes into vectors, for look-alikes, heads, selection and the map
    Embed(embed::Embed),
    /// Find what looks like an image, a box, a picture or words
    Similar(similar::Similar),
    /// Lay embeddings out as points: look-alikes lie together
    Map(map::Map),
    /// Look for what is wrong: duplicates, leaks, wrong classes, odd boxes and pictures
    Quality(quality::Quality),
    /// Other words for classes, for detectors that understand words
    Glossary(glossary::GlossaryCommand),
    /// Models that help: list, fetch, add and verify them
    Models(models::Models),
    /// Look whether everything is in order
    Doctor(doctor::Doctor),
    /// Print the settings in force, or set the password
    Config(config::Config),
    /// Write a made-up label set of any size, for benchmarks
    #[command(hide = true)]
    Synthesize(synthesize::Synthesize),
}

/// The workspace a command works on.
#[derive(Args)]
struct WorkspaceFlag {
    /// Folder with everything in it; made when it is not there
    #[arg(long, value_name = "FOLDER", default_value = "workspace")]
    workspace: PathBuf,
}

/// How a command ended, when not with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Done,
    Partly,
}

/// Another Tator holds the workspace and cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct WorkspaceLocked(String);

/// Runs the program; whatever happens is told on stderr.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let parsed = match Arguments::try_parse_from(&arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help goes to stdout and is no failure; clap knows which is which.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    log_to_stderr();
    let ended = match parsed.command {
        Command::Serve(command) => serve::run(&command),
        Command::Demo(command) => demo::run(&command),
        Command::Import(command) => import::run(&command),
        Command::Export(command) => export::run(&command),
        Command::Prepass(command) => prepass::run(&command),
        Command::Evaluate(command) => evaluate::run(&command),
        Command::Calibrate(command) => calibrate::run(&command),
        Command::Apply(command) => apply::run(&command),
        Command::Sql(command) => sql::run(&command),
        Command::Versions(command) => versions::run(&command),
        Command::Train(command) => train::run(&command),
        Command::Select(command) => select::run(&command),
        Command::Embed(command) => embed::run(&command),
        Command::Similar(command) => similar::run(&command),
        Command::Map(command) => map::run(&command),
        Command::Quality(command) => quality::run(&command),
        Command::Glossary(command) => glossary::run(&command),
        Command::Models(command) => models::run(&command),
        Command::Doctor(command) => doctor::run(&command),
        Command::Config(command) => config::run(&command),
        Command::Synthesize(command) => synthesize::run(&command),
    };
    match ended {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Partly) => ExitCode::from(4),
        Err(error) => {
            refusal::tell_of(&error, &arguments);
            ExitCode::from(exit_code(&error))
        }
    }
}

fn exit_code(error: &anyhow::Error) -> u8 {
    use tator_store::Error::Locked;
    let locked = error.chain().any(|cause| {
        cause.is::<WorkspaceLocked>()
            || matches!(cause.downcast_ref(), Some(Locked { .. }))
            || matches!(cause.downcast_ref(), Some(tator_pipeline::Error::Store(Locked { .. })))
    });
    if locked { 3 } else { 1 }
}

/// Warnings by default, of ONNX Runtime errors alone: it warns of what it tidies up in a model. `RUST_LOG` asks for more.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,ort=error"));
    // A second start in one process (tests) finds the log in place.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

/// A line for the person, on stderr.
#[expect(clippy::print_stderr, reason = "this is the front door: here text meets the person")]
fn tell(line: &str) {
    eprintln!("{line}");
}

/// A line of the command's answer, on stdout.
#[expect(clippy::print_stdout, reason = "this is the front door: here text meets the person")]
fn answer(line: &str) {
    println!("{line}");
}

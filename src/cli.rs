//! The command line: the grammar, and one file for each command.
//!
//! A command returns how the program ends ([`Exit`]) or why it failed ([`Failure`]). What it shows goes through one
//! `Printer`: results on standard output, everything else on standard error.

mod act;
mod answer;
mod audit;
mod broadcast;
mod capacity;
mod columns;
mod completions;
mod connect;
mod doctor;
mod escalations;
mod exit;
mod handoff;
mod inbox;
mod instruction;
mod interrupt;
mod journal;
mod live;
mod needs;
mod new_file;
mod org;
mod output;
mod plan;
mod point;
mod repository;
mod results;
mod run;
mod serve;
mod sim;
mod standup;
mod status;
mod store;
mod submit;
mod task;
mod tree;
mod watch;
mod why;
mod work;
mod workflow;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, Resettable, TypedValueParser};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub use self::exit::{Exit, Failure};
use self::output::Printer;
use crate::domain::id::PersonId;
use crate::domain::role::Level;
use crate::telemetry;

/// Runs an organisation as a tree of supervised actors that mirrors its org chart.
#[derive(Parser, Debug)]
#[command(name = "echelon", version, about, after_help = exit::HELP, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What holds for every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of every command")]
struct Global {
    /// Where the organisation's ledger, socket and workspaces are [default: the user's state folder]
    #[arg(long, global = true, env = connect::DATA_DIR_VARIABLE, hide_env_values = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The person of the chart for whom this acts [default: whoever the chart knows by this user id, or the operator]
    #[arg(long = "as", global = true, env = connect::CALLER_VARIABLE, hide_env_values = true, value_name = "PERSON")]
    person: Option<PersonId>,
    /// What is logged to standard error: a level (warn, info, debug) or directives [default: info for `up`, else warn]
    #[arg(long, global = true, env = "ECHELON_LOG", hide_env_values = true, value_name = "FILTER")]
    log: Option<String>,
    /// How log lines are written: for people, or as one JSON object a line
    #[arg(
        long,
        global = true,
        env = "ECHELON_LOG_FORMAT",
        hide_env_values = true,
        value_enum,
        default_value_t = LogFormat::Text,
        value_name = "FORMAT"
    )]
    log_format: LogFormat,
}

// Help for the single values would make every help text twice as long.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Start the organisation, have one instruction done, show its progress, and end with it
    Run(run::RunArgs),
    /// Start the organisation and keep it running until Ctrl-C
    Up(ChartArgs),
    /// Hand an instruction to the running organisation
    Submit(submit::SubmitArgs),
    /// How things stand, or one instruction with its tasks
    Status {
        /// An instruction: its id, or a unique beginning or end of it
        id: Option<String>,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// The plan of an instruction as a tree, with what must not be late
    Plan(plan::PlanArgs),
    /// Follow what happens
    Watch(watch::WatchArgs),
    /// The organisation with who has what
    Tree {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Look at tasks, do one by hand, give one to somebody, or cancel one
    #[command(subcommand)]
    Task(task::TaskCommand),
    /// How everybody's coming days are spoken for
    Capacity(capacity::CapacityArgs),
    /// Why a task is with whom it is, or with nobody
    Why {
        /// The task: its id, a unique beginning or end of it, or its name in the plan
        task: String,
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Answer a question that a task or a plan waits for, or say what the brief of an instruction does not
    Answer(answer::AnswerArgs),
    /// What waits for somebody, and the command that deals with it
    Inbox(inbox::InboxArgs),
    /// Say yes to what waits for it
    Approve(act::ApproveArgs),
    /// Say no to what waits for a yes
    Reject(act::RejectArgs),
    /// Hold an instruction: what runs goes on to its end, and nothing new starts
    Pause(act::HoldArgs),
    /// Let a held instruction go on
    Resume(act::GoOnArgs),
    /// Say that nobody stands at a place for the time being
    Away(act::AwayArgs),
    /// Say that somebody stands there again
    Back(act::BackArgs),
    /// What went up the line: with whom it is, since when, and what came of it
    Escalations(escalations::EscalationsArgs),
    /// What everybody reports up the line
    Standup(standup::StandupArgs),
    /// Tell many something, or show what was told and who has read it
    Broadcast(broadcast::BroadcastArgs),
    /// Packages between domains: look at them, accept them, send them back
    #[command(subcommand)]
    Handoff(handoff::HandoffCommand),
    /// Check, show or apply an organisation chart
    #[command(subcommand)]
    Org(org::OrgCommand),
    /// List, show or check workflow templates
    #[command(subcommand)]
    Workflow(workflow::WorkflowCommand),
    /// Verify the journal, or hand it to somebody who has to know who did what
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Prove that every open task is owned by somebody who can act
    Doctor {
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Put an organisation under load on virtual time, and see what comes of it
    Sim(sim::SimArgs),
    /// Check, export, back up, restore and mend what is stored
    #[command(subcommand)]
    Store(store::StoreCommand),
    /// Print completions for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
}

/// How a reading command answers.
#[derive(Args, Debug, Clone, Copy)]
struct OutputArgs {
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Which chart to run by.
#[derive(Args, Debug, Clone)]
struct ChartArgs {
    /// The organisation chart [default: ./org.toml, or the chart that the directory was last run by]
    #[arg(long, env = "ECHELON_ORG", hide_env_values = true, value_name = "FILE")]
    org: Option<PathBuf>,
}

/// Which chart to read.
#[derive(Args, Debug, Clone)]
struct ChartFileArgs {
    /// The organisation chart [default: ./org.toml]
    #[arg(long, env = "ECHELON_ORG", hide_env_values = true, value_name = "FILE")]
    org: Option<PathBuf>,
}

/// Parses the arguments of this process and does what they say.
#[must_use]
pub fn main() -> Exit {
    let matches = without_empty_variables(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let printer = Printer::new(cli.global.log_format == LogFormat::Json);
    match dispatch(cli, &printer) {
        Ok(exit) => exit,
        Err(failure) => {
            printer.failure(&failure);
            failure.exit
        }
    }
}

/// The grammar without the variables that are set to nothing, as scripts have them: those are as good as not set.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| {
        let set_to = argument.get_env().and_then(std::env::var_os);
        match set_to {
            Some(value) if value.is_empty() => argument.env(Resettable::Reset),
            Some(_) | None => argument,
        }
    });
    command.mut_subcommands(without_empty_variables)
}

/// Reads a level of the reporting line.
fn level() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::word)).try_map(|text| text.parse::<Level>())
}

fn dispatch(cli: Cli, printer: &Printer) -> Result<Exit, Failure> {
    let default_filter = match &cli.command {
        Command::Up(_) => "info".to_owned(),
        // Standard output has these lines already.
        Command::Run(args) if args.shows_lines(printer) => format!("warn,{}=off", telemetry::TARGET),
        // What happens in a simulation is in its journal, and comes by the thousand.
        Command::Sim(_) => format!("warn,{}=off", telemetry::TARGET),
        _others => "warn".to_owned(),
    };
    let filter = cli.global.log.unwrap_or(default_filter);
    let format = match cli.global.log_format {
        LogFormat::Text => telemetry::Format::Text,
        LogFormat::Json => telemetry::Format::Json,
    };
    telemetry::init(&filter, format, printer.colours_on_stderr(), output::LogWriter)
        .map_err(|error| Failure::new(Exit::Usage, error, "give a level, such as `info`"))?;
    let command = match cli.command {
        Command::Completions { shell } => return completions::run(shell, printer),
        Command::Org(org::OrgCommand::File(command)) => return org::run(&command, printer),
        Command::Workflow(command) => return workflow::run(&command, printer),
        Command::Sim(args) => return sim::run(args, printer),
        on_a_data_directory => on_a_data_directory,
    };
    connect::act_for(cli.global.person);
    let data_dir = connect::data_dir(cli.global.data_dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot start: {error}"), "free some memory or threads"))?;
    let ended = runtime.block_on(async {
        match command {
            Command::Run(args) => run::run(&data_dir, args, printer).await,
            Command::Up(args) => serve::up(&data_dir, &args, printer).await,
            Command::Submit(args) => submit::run(&data_dir, args, printer).await,
            Command::Status { id, output } => status::run(&data_dir, id, output, printer).await,
            Command::Watch(args) => watch::run(&data_dir, args, printer).await,
            Command::Tree { output } => tree::run(&data_dir, output, printer).await,
            Command::Task(command) => task::run(&data_dir, command, printer).await,
            Command::Capacity(args) => capacity::run(&data_dir, args, printer).await,
            Command::Why { task, output } => why::run(&data_dir, task, output, printer).await,
            Command::Answer(args) => answer::run(&data_dir, args, printer).await,
            Command::Plan(args) => plan::run(&data_dir, args, printer).await,
            Command::Inbox(args) => inbox::run(&data_dir, args, printer).await,
            Command::Approve(args) => act::run(&data_dir, args, printer).await,
            Command::Reject(args) => act::run(&data_dir, args, printer).await,
            Command::Pause(args) => act::run(&data_dir, args, printer).await,
            Command::Resume(args) => act::run(&data_dir, args, printer).await,
            Command::Away(args) => act::run(&data_dir, args, printer).await,
            Command::Back(args) => act::run(&data_dir, args, printer).await,
            Command::Escalations(args) => escalations::run(&data_dir, args, printer).await,
            Command::Standup(args) => standup::run(&data_dir, args, printer).await,
            Command::Broadcast(args) => broadcast::run(&data_dir, args, printer).await,
            Command::Handoff(command) => handoff::run(&data_dir, command, printer).await,
            Command::Audit(command) => audit::run(&data_dir, &command, printer).await,
            Command::Doctor { output } => doctor::run(&data_dir, output, printer).await,
            Command::Store(command) => store::run(&data_dir, &command, printer).await,
            Command::Org(org::OrgCommand::Apply(args)) => org::apply::run(&data_dir, &args, printer).await,
            Command::Completions { .. }
            | Command::Org(org::OrgCommand::File(_))
            | Command::Workflow(_)
            | Command::Sim(_) => Ok(Exit::Done),
        }
    });
    runtime.shutdown_background();
    ended
}

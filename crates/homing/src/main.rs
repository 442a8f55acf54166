//! `homing`: the gateway, the demo and the operator's verbs, which speak only the gateway's HTTP API.
//!
//! ```text
//!   command line ──▶ verb ──▶ client ──▶ gateway's socket, or its URL
//!                      │                      │
//!                      └──▶ output ◀──────────┘      stdout: data     stderr: everything else
//! ```

mod client;
mod command;
mod contexts;
mod demo;
mod exit;
mod failure;
mod output;
mod private_file;
mod secret;
mod usage;
mod verbs;
mod xml;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use client::{Client, Told};
use command::{CommandLine, Globals, Verb};
use exit::Exit;
use failure::Failure;
use output::Output;
use verbs::Context;

/// How long an interrupted verb may take to put the terminal back.
const INTERRUPT_GRACE: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => return usage::explain(&error, std::env::args_os()),
    };
    let globals = line.globals;
    let output = Output::new(globals.output, globals.color, !globals.no_headers, globals.quiet);
    match run(line.verb, globals, output.clone()) {
        Ok(()) => Exit::Done.into(),
        Err(failure) => {
            output.failure(&failure);
            failure.exit.into()
        }
    }
}

fn run(verb: Verb, globals: Globals, output: Output) -> Result<(), Failure> {
    let runtime = match &verb {
        Verb::Sim(arguments) => verbs::sim::runtime(arguments),
        _ => tokio::runtime::Builder::new_multi_thread().enable_all().build(),
    };
    let runtime = runtime.map_err(|error| {
        Failure::new(Exit::Failed, "no-runtime", format!("cannot start: {error}"))
    })?;
    let result = runtime.block_on(dispatch(verb, globals, output));
    // A thread that still waits for a keyboard must not hold the process.
    runtime.shutdown_background();
    result
}

async fn dispatch(verb: Verb, globals: Globals, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::Completion(arguments) => verbs::completion::run(&arguments),
        Verb::Man(arguments) => verbs::man::run(&arguments),
        Verb::Version => output::write(concat!("homing ", env!("CARGO_PKG_VERSION"), "\n")),
        // These know how to stop: they handle the signals themselves.
        Verb::Gateway(arguments) => verbs::gateway::run(arguments, globals.socket, &output).await,
        Verb::Demo(arguments) => demo::run(arguments).await,
        Verb::Sim(arguments) => {
            let told = Told { socket: globals.socket, context: globals.context };
            verbs::sim::run(*arguments, &told, &output).await
        }
        Verb::Login(arguments) => {
            interruptible(verbs::login::run(arguments, globals.context, &output)).await
        }
        Verb::Logout(arguments) => verbs::login::logout(arguments, globals.context, &output),
        Verb::Context(arguments) => verbs::context::run(arguments, &output),
        verb => {
            let told = Told { socket: globals.socket, context: globals.context };
            let context = Context { client: Client::find(&told)?, output };
            interruptible(operate(verb, &context)).await
        }
    }
}

async fn operate(verb: Verb, context: &Context) -> Result<(), Failure> {
    match verb {
        Verb::Status(arguments) => verbs::status::run(arguments, context).await,
        Verb::Device(arguments) => verbs::device::run(arguments, context).await,
        Verb::Enroll(arguments) => verbs::enroll::run(*arguments, context).await,
        Verb::Rpc(arguments) => verbs::rpc::run(arguments, context).await,
        Verb::Cli(arguments) => verbs::cli::run(arguments, context).await,
        Verb::Config(arguments) => verbs::config::run(arguments, context).await,
        Verb::Events(arguments) => verbs::events::run(arguments, context).await,
        Verb::User(arguments) => verbs::user::run(*arguments, context).await,
        Verb::Role(arguments) => verbs::role::run(arguments, context).await,
        Verb::Token(arguments) => verbs::token::run(arguments, context).await,
        Verb::Whoami(arguments) => verbs::whoami::run(arguments, context).await,
        Verb::Audit(arguments) => verbs::audit::run(arguments, context).await,
        Verb::Web(arguments) => verbs::web::run(arguments, context).await,
        Verb::Webhook(arguments) => verbs::webhook::run(arguments, context).await,
        Verb::Api(arguments) => verbs::api::run(arguments, context).await,
        Verb::Ssh(arguments) => verbs::front_door::shell::run(arguments, context).await,
        Verb::Netconf(arguments) => verbs::front_door::netconf::run(arguments, context).await,
        Verb::Cp(arguments) => verbs::front_door::copy::run(arguments, context).await,
        Verb::Forward(arguments) => verbs::front_door::forward::run(arguments, context).await,
        Verb::Proxy(arguments) => verbs::front_door::proxy::run(arguments, context).await,
        Verb::SshConfig(arguments) => verbs::front_door::ssh_config::run(arguments, context).await,
        Verb::AnsibleInventory(arguments) => {
            verbs::front_door::inventory::run(arguments, context).await
        }
        Verb::Gateway(_) | Verb::Demo(_) | Verb::Sim(_) => Ok(()),
        Verb::Completion(_) | Verb::Version => Ok(()),
        Verb::Man(_) | Verb::Login(_) | Verb::Logout(_) | Verb::Context(_) => Ok(()),
    }
}

/// Ends with 130 on Ctrl-C, even while stdout takes nothing.
async fn interruptible(verb: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let (tell, told) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            let _ = tell.send(());
            tokio::time::sleep(INTERRUPT_GRACE).await;
            std::process::exit(i32::from(Exit::Interrupted.status()));
        }
    });
    tokio::select! {
        result = verb => result,
        Ok(()) = told => Err(Failure::new(Exit::Interrupted, "interrupted", "interrupted")),
    }
}

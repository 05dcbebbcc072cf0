//! The `fault-proxy` program: reads its flags, starts the proxy, waits for a signal.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use fault_proxy::{Config, Error, Proxy, Rules, Upstream};
use tokio::signal::unix::{SignalKind, signal};

/// A reverse proxy that makes faults on purpose.
#[derive(Debug, Parser)]
#[command(name = "fault-proxy", version, after_long_help = RULES)]
struct Flags {
    /// The server that requests are passed on to.
    #[arg(long, value_name = "URL")]
    upstream: Upstream,

    /// Address and port for clients; port 0 takes any free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Address and port for commands; port 0 takes any free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    control: SocketAddr,

    /// JSON file with the rules to begin with.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
}

const RULES: &str = include_str!("rules.txt");

#[tokio::main]
async fn main() -> ExitCode {
    match run(Flags::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fault-proxy: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags) -> Result<(), Error> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signals)?;
    let rules = match flags.rules {
        None => Rules::default(),
        Some(path) => match fs::read(&path) {
            Err(source) => return Err(Error::RulesFile { path, source }),
            Ok(json) => Rules::from_json(&json).map_err(|source| Error::Rules { path, source })?,
        },
    };
    let Flags { upstream, listen, control, .. } = flags;
    let proxy = Proxy::start(Config { upstream, listen, control, rules }).await?;
    // Whoever started it may not listen any more; that is no reason not to serve.
    writeln!(io::stdout(), "listening on http://{}", proxy.address()).ok();
    writeln!(io::stdout(), "control on http://{}", proxy.control_address()).ok();
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

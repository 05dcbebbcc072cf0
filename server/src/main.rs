//! The `modelferry` program: reads its configuration, starts logging, serves.

use std::io::{self, Write as _};
use std::process::ExitCode;

use server::config::Task;
use server::error::Error;
use server::{logging, serve};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("modelferry: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Error> {
    match Task::from_command_line().map_err(Error::Config)? {
        Task::Serve(config) => {
            logging::start(&config.log, config.log_format)?;
            serve::serve(config).await
        }
        Task::Print(text) => {
            // Whoever asked may have stopped reading.
            io::stdout().write_all(text.as_bytes()).ok();
            Ok(())
        }
    }
}

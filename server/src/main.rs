//! The `modelferry` program: reads its configuration, starts logging, serves.

use std::process::ExitCode;

use server::config::Config;
use server::error::Error;
use server::{logging, serve};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Config::from_command_line()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("modelferry: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> Result<(), Error> {
    logging::start(&config.log)?;
    serve::serve(config).await
}

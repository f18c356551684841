//! `emporia import …`: arguments, progress bar, report.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::report::{MAX_REPORTED, Report};
use super::service::{Options, products};
use crate::app::App;
use crate::cli::tenant::find;
use crate::clock::Entropy;

/// What to import.
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Products from Shopify's product CSV. Saying it again changes nothing that is as the file says.
    Products(ProductsArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Exits with 0 when every row went in, 3 when some were rejected and the rest went in, 1 when \
                        nothing could be done, 2 when the arguments are wrong.")]
struct ProductsArgs {
    /// The file; `-` reads from the terminal or pipe.
    file: PathBuf,
    /// The tenant's id or handle.
    #[arg(long, value_name = "ID_OR_HANDLE")]
    tenant: String,
    /// Also set the stock of variants that are there already. Without it, only new variants get theirs.
    #[arg(long)]
    set_stock: bool,
    /// Check everything, write nothing, and say what would be.
    #[arg(long)]
    dry_run: bool,
    /// One JSON object in place of the table.
    #[arg(long)]
    json: bool,
}

/// The exit code when some rows were rejected and the rest went in. Not 2, which says that the arguments are wrong.
const SOME_REJECTED: u8 = 3;

/// Runs the command to its end.
pub async fn run(app: &App, args: ImportArgs) -> anyhow::Result<ExitCode> {
    let What::Products(args) = args.what;
    let tenant = find(app, &args.tenant).await?;
    let options = Options { set_stock: args.set_stock, dry_run: args.dry_run };
    let file = if args.file.as_os_str() == "-" {
        kept(std::io::stdin(), &app.entropy).context("keeping what comes from the pipe")?
    } else {
        File::open(&args.file).with_context(|| format!("opening {}", args.file.display()))?
    };
    let bar = progress_bar(file.metadata().map_or(0, |metadata| metadata.len()));
    let report = products(app, tenant, file, options, &|bytes| bar.set_position(bytes)).await;
    bar.finish_and_clear();
    let report = report?;
    let text = if args.json { serde_json::to_string_pretty(&report)? } else { table(&report) };
    print(&text)?;
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(SOME_REJECTED) })
}

/// What comes from a pipe, in a file without a name: the import reads it twice.
fn kept(mut pipe: impl Read, entropy: &Entropy) -> io::Result<File> {
    let name = format!("emporia-import-{:032x}", u128::from_be_bytes(entropy.bytes()));
    let path = std::env::temp_dir().join(name);
    let mut file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    io::copy(&mut pipe, &mut file)?;
    file.rewind()?;
    Ok(file)
}

/// Only a terminal sees it, on stderr.
fn progress_bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// The report for people: numbers first, then a line for each rejection.
fn table(report: &Report) -> String {
    let mut lines = Vec::with_capacity(report.rejections.len() + 4);
    let counts = &report.products;
    let would = if report.dry_run { "dry run, nothing was written: " } else { "" };
    lines.push(format!(
        "{would}{} rows; products: {} created, {} updated, {} unchanged; {} variants; stock set for {}; {} rows rejected",
        report.rows,
        counts.created,
        counts.updated,
        counts.unchanged,
        report.variants,
        report.stock_set,
        report.rejected_rows
    ));
    if report.rejections.is_empty() {
        return lines.join("\n");
    }
    let width = report.rejections.iter().filter_map(|one| one.column.as_ref()).map(|name| name.chars().count()).max();
    let width = width.unwrap_or_default().max("COLUMN".len());
    lines.push(format!("{:>8}  {:width$}  REASON", "LINE", "COLUMN"));
    for rejection in &report.rejections {
        let column = rejection.column.as_deref().unwrap_or("-");
        let handle = rejection.handle.as_ref().map(|handle| format!(" ({handle})")).unwrap_or_default();
        lines.push(format!("{:>8}  {column:width$}  {}{handle}", rejection.line, rejection.reason));
    }
    if report.rejections.len() == MAX_REPORTED {
        lines.push(format!("… only the first {MAX_REPORTED} are listed"));
    }
    lines.join("\n")
}

/// A reader that has gone is no mistake.
fn print(text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

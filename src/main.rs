//! The one binary; everything it can do is in [`emporia::cli`].

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    emporia::cli::main()
}

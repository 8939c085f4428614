fn main() -> Result<(), slint_build::CompileError> {
    // Element names are for tests only; a release doesn't carry them.
    let is_debug = std::env::var("PROFILE").is_ok_and(|profile| profile == "debug");
    let config = slint_build::CompilerConfiguration::new().with_style("fluent".into()).with_debug_info(is_debug);
    slint_build::compile_with_config("ui/windows.slint", config)
}

//! Each step of `cargo xtask test` is in one job of the forge's workflow.

use std::collections::BTreeSet;

/// What the `workflow` does not run, runs twice or cannot run, of the `steps`.
pub(super) fn problems<'s>(workflow: &str, steps: impl Iterator<Item = &'s str>) -> Vec<String> {
    let lists = workflow.lines().filter_map(|line| line.trim().strip_prefix(LIST));
    let mut left: BTreeSet<&str> = steps.collect();
    let mut problems: Vec<String> = lists
        .flat_map(str::split_whitespace)
        .filter(|step| !left.remove(step))
        .map(|step| format!("{FILE} has a step `{step}` that there is not, or has it twice"))
        .collect();
    problems.extend(left.iter().map(|step| format!("{FILE}: no job has the step `{step}`")));
    problems
}

pub(super) const FILE: &str = ".github/workflows/ci.yml";
/// What stands before a job's steps.
const LIST: &str = "steps: ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_in_one_job_and_a_job_has_no_other() {
        let workflow = "jobs:\n  - name: x\n    steps: a b\n    steps: b d\n    steps:\n      - run: e\n";
        let steps = ["a", "b", "c"];
        let said = problems(workflow, steps.into_iter());
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(
            said[0].contains("`b`") && said[1].contains("`d`") && said[2].contains("no job has the step `c`")
        );
    }
}

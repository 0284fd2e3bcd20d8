//! Every scenario, in thousands of orders: some by chance, some that preempt at few points, which finds what is rare.

use interleavings::scenarios;

fn explore(scenario: fn()) {
    shuttle::check_random(scenario, 2_000);
    shuttle::check_pct(scenario, 2_000, 3);
}

#[test]
fn an_end_is_noticed_by_all_who_wait() {
    explore(scenarios::an_end_is_noticed_by_all_who_wait);
}

#[test]
fn a_stop_and_the_end_after_it_are_noticed() {
    explore(scenarios::a_stop_and_the_end_after_it_are_noticed);
}

#[test]
fn a_ping_is_taken_once() {
    explore(scenarios::a_ping_is_taken_once);
}

#[test]
fn one_session_a_device() {
    explore(scenarios::one_session_a_device);
}

#[test]
fn sessions_displace_let_go_and_stop_at_once() {
    explore(scenarios::sessions_displace_let_go_and_stop_at_once);
}

#[test]
fn a_revoked_pinning_outlives_no_sweep() {
    explore(scenarios::a_revoked_pinning_outlives_no_sweep);
}

#[test]
fn a_registry_in_force_has_no_session_of_a_pinning_that_is_gone() {
    explore(scenarios::a_registry_in_force_has_no_session_of_a_pinning_that_is_gone);
}

#[test]
fn a_new_pinning_is_not_revoked_with_the_old_one() {
    explore(scenarios::a_new_pinning_is_not_revoked_with_the_old_one);
}

#[test]
fn attempts_displace_each_other() {
    explore(scenarios::attempts_displace_each_other);
}

#[test]
fn attempts_move_on_while_others_come() {
    explore(scenarios::attempts_move_on_while_others_come);
}

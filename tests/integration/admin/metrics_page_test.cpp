#include "integration/admin/fixture.hpp"

#include <chrono>
#include <cmath>

using namespace admin;

namespace {

/// Peers in channels of their own, who talk, fail and go.
void live_through(const watched& at, int peers) {
    for (int i = 0; i < peers; ++i) {
        auto talker = at.peer("talker" + std::to_string(i));
        auto reader = at.peer("reader" + std::to_string(i));
        const auto channel = make_channel();
        join(talker, channel);
        join(reader, channel, {&talker});
        talker.ask("/pubmsg " + channel + " hello");
        reader.expect("pubmsg");
        talker.ask("/privmsg " + reader.id() + " hello");
        reader.expect("privmsg");
        reader.send("/" + channel.substr(1));
        reader.expect_error(421);
        talker.send("/quit");
        talker.expect("quit");
        talker.expect_close(1000);
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics_page)

BOOST_AUTO_TEST_CASE(the_reader_takes_what_is_well_formed) {
    const admin::metrics_page page("# HELP signaller_a_total A \"thing\".\n# TYPE signaller_a_total counter\n"
                                   "signaller_a_total{of=\"x\\\"y\"} 3\nsignaller_a_total 1\n"
                                   "# HELP signaller_h H\n# TYPE signaller_h histogram\nsignaller_h_count 3\n"
                                   "signaller_h_sum 1.5e-03\nsignaller_h_bucket{le=\"0.1\"} 2\n"
                                   "signaller_h_bucket{le=\"+Inf\"} 3\n");
    BOOST_TEST(page.value("a_total", {{"of", "x\"y"}}) == 3);
    BOOST_TEST(page.value("h_sum") == 0.0015);
    BOOST_CHECK_THROW(static_cast<void>(page.value("b_total")), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(the_reader_refuses_what_is_not) {
    const std::string a = "# HELP signaller_a A\n# TYPE signaller_a gauge\n";
    const std::string h = "# HELP signaller_h H\n# TYPE signaller_h histogram\nsignaller_h_sum 1\n";
    for (const std::string& text :
         {std::string(),
          a + "signaller_a 1",
          a + "signaller_a one\n",
          a + "signaller_a -1\n",
          a + "signaller_a\n",
          a + "signaller_a 1\nsignaller_a 2\n",
          a + "signaller_b 1\n",
          a + "other 1\n",
          a + a,
          a + "signaller_a{b=1} 1\n",
          a + "signaller_a{b=\"1} 1\n",
          a + "signaller_a{b=\"1\",b=\"2\"} 1\n",
          a + "signaller_a 1 \n",
          a + "\n",
          a + "# signaller\n",
          std::string("signaller_a 1\n"),
          std::string("# TYPE signaller_a gauge\nsignaller_a 1\n"),
          std::string("# HELP signaller_a A\n# TYPE signaller_a counter\nsignaller_a 1\n"),
          h + "signaller_h_count 1\nsignaller_h_bucket{le=\"1\"} 1\n",
          h + "signaller_h_count 2\nsignaller_h_bucket{le=\"1\"} 3\nsignaller_h_bucket{le=\"+Inf\"} 2\n",
          h + "signaller_h_count 2\nsignaller_h_bucket{le=\"+Inf\"} 1\n"}) {
        BOOST_TEST_CONTEXT(text) { BOOST_CHECK_THROW(admin::metrics_page{text}, std::exception); }
    }
}

BOOST_AUTO_TEST_CASE(the_page_is_what_prometheus_asks_for) {
    const watched at;
    const auto response = admin::get(at.server.admin_port(), "/metrics");
    BOOST_TEST(response.status == 200U);
    BOOST_TEST(response.has_line("Content-Type: text/plain; version=0.0.4; charset=utf-8"));
    BOOST_TEST(response.has_line("Cache-Control: no-store"));
    const admin::metrics_page page(response.body);
    BOOST_TEST(page.families().size() > 30U);
    BOOST_TEST(page.value("build_info", {{"version", "1.0.0"}}) == 1);
}

BOOST_AUTO_TEST_CASE(no_series_depends_on_peers_or_channels) {
    const watched at;
    live_through(at, 2);
    const auto before = at.page();
    live_through(at, 10);
    const auto after = at.page();
    BOOST_TEST(before.series() == after.series(), boost::test_tools::per_element());
    const std::set<std::string> known{"version", "reason", "code", "state", "result", "verb", "kind", "shard"};
    for (const auto& [name, family] : after.families()) {
        for (const auto& label : family.label_names) BOOST_TEST(known.contains(label), name << " has label " << label);
    }
}

BOOST_AUTO_TEST_CASE(the_process_has_its_figures) {
    const watched at;
    const auto page = at.page();
    BOOST_TEST(page.value("process_resident_memory_bytes") > 1e6);
    BOOST_TEST(page.value("process_virtual_memory_bytes") > page.value("process_resident_memory_bytes"));
    BOOST_TEST(page.value("process_open_fds") >= 5);
    BOOST_TEST(page.value("process_max_fds") >= page.value("process_open_fds"));
    BOOST_TEST(page.value("process_threads") >= 1);
    const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    // The kernel's start of the process is in ticks since a boot time in whole seconds.
    BOOST_TEST(std::abs(now - page.value("process_start_time_seconds")) < 60);
    std::vector<client> many;
    for (int i = 0; i < 20; ++i) many.push_back(at.stranger());
    BOOST_TEST(at.page().value("process_open_fds") >= page.value("process_open_fds") + 20);
    BOOST_TEST(at.page().value("process_cpu_seconds_total") < 60);
}

BOOST_AUTO_TEST_CASE(every_shard_tells_how_late_its_loop_is) {
    const watched at({"--threads", "3"});
    for (const std::string shard : {"0", "1", "2"}) {
        const labels with{{"shard", shard}};
        const auto first = at.page().value("event_loop_lag_seconds_count", with);
        // A shard where nothing else is due has a timer of its own, once a second.
        const auto page = admin::page_with(at.server, [&](const admin::metrics_page& now) {
            return now.value("event_loop_lag_seconds_count", with) > first;
        });
        BOOST_TEST(page.value("event_loop_lag_seconds_sum", with) > 0);
    }
}

BOOST_AUTO_TEST_SUITE_END()

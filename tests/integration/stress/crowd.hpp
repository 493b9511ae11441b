#pragma once

#include "integration/stress/actor.hpp"
#include "integration/stress/record.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace stress {

/// What all crowds of a test share; not changed while they run, but for the record, which looks after itself.
struct scene {
    std::uint16_t port = 0;
    std::vector<std::string> channels;
    std::vector<std::string> peers;  ///< whom to write to, and whom to kick
    record all;
};

/// The actors of one client thread, which does one thing with one of them at each step: everything that a peer can do,
/// in any order, and with more under way than is waited for.
class crowd {
public:
    crowd(scene& in, std::uint32_t seed) : scene_(in), random_(seed) {}

    /// To be called before any thread runs. A witness founds the channel.
    void add_witness(const std::string& channel);
    void add(kind what);

    void run(std::size_t steps);
    /// Connects whoever is not, and waits until every command is answered.
    void come_to_rest();

    void drop_all();

    [[nodiscard]] std::vector<std::unique_ptr<actor>>& actors() { return actors_; }
    [[nodiscard]] const std::vector<std::unique_ptr<actor>>& actors() const { return actors_; }

private:
    void step(actor& who);
    void act(actor& who);
    void speak(actor& who);
    void govern(actor& who);
    void look_around(actor& who);
    void change_connection(actor& who);
    void come_and_go();
    void vanish();

    [[nodiscard]] std::size_t below(std::size_t count) { return random_() % count; }
    [[nodiscard]] const std::string& any_channel() { return scene_.channels[below(scene_.channels.size())]; }
    [[nodiscard]] const std::string& anybody_but(const actor& who);

    scene& scene_;
    std::mt19937 random_;
    std::vector<std::unique_ptr<actor>> actors_;
};

}  // namespace stress

#include "protocol/numeric.hpp"

#include <boost/test/unit_test.hpp>

#include <utility>
#include <vector>

using protocol::close_code;
using protocol::failure;
using protocol::may_reconnect;
using protocol::name_of;

BOOST_AUTO_TEST_SUITE(numeric)

BOOST_AUTO_TEST_CASE(every_error_has_the_code_and_name_of_the_protocol) {
    const std::vector<std::pair<int, std::string_view>> table{
        {263, "RPL_TRYAGAIN"},         {400, "ERR_UNKNOWNERROR"},     {401, "ERR_NOSUCHNICK"},
        {403, "ERR_NOSUCHCHANNEL"},    {404, "ERR_CANNOTSENDTOCHAN"}, {405, "ERR_TOOMANYCHANNELS"},
        {417, "ERR_INPUTTOOLONG"},     {421, "ERR_UNKNOWNCOMMAND"},   {433, "ERR_NICKNAMEINUSE"},
        {441, "ERR_USERNOTINCHANNEL"}, {442, "ERR_NOTONCHANNEL"},     {443, "ERR_USERONCHANNEL"},
        {451, "ERR_NOTREGISTERED"},    {461, "ERR_NEEDMOREPARAMS"},   {462, "ERR_ALREADYREGISTERED"},
        {464, "ERR_PASSWDMISMATCH"},   {471, "ERR_CHANNELISFULL"},    {474, "ERR_BANNEDFROMCHAN"},
        {475, "ERR_BADCHANNELKEY"},    {476, "ERR_BADCHANMASK"},      {481, "ERR_NOPRIVILEGES"},
        {482, "ERR_CHANOPRIVSNEEDED"},
    };
    for (const auto& [code, name] : table) BOOST_TEST(name_of(static_cast<protocol::numeric>(code)) == name);
}

BOOST_AUTO_TEST_CASE(a_failure_owns_its_texts) {
    std::string written = "target";
    const failure f(protocol::numeric::no_such_nick, "no such peer", written);
    written.assign("changed");
    BOOST_TEST(f.target == "target");
    BOOST_TEST(failure(protocol::numeric::no_such_nick, "no such peer").target.empty());
}

BOOST_AUTO_TEST_CASE(only_some_closes_invite_to_come_back) {
    for (const auto code : {close_code::going_away, close_code::heartbeat_lost, close_code::too_slow,
                            close_code::flooding, close_code::token_expired}) {
        BOOST_TEST(may_reconnect(code), static_cast<int>(code));
    }
    for (const auto code :
         {close_code::normal, close_code::protocol_error, close_code::unsupported_data, close_code::invalid_utf8,
          close_code::too_big, close_code::not_described, close_code::taken_over, close_code::removed}) {
        BOOST_TEST(!may_reconnect(code), static_cast<int>(code));
    }
}

BOOST_AUTO_TEST_SUITE_END()

#include "protocol/numeric.hpp"

namespace protocol {

std::string_view name_of(numeric code) {
    switch (code) {
        case numeric::try_again: return "RPL_TRYAGAIN";
        case numeric::unknown_error: return "ERR_UNKNOWNERROR";
        case numeric::no_such_nick: return "ERR_NOSUCHNICK";
        case numeric::no_such_channel: return "ERR_NOSUCHCHANNEL";
        case numeric::cannot_send_to_chan: return "ERR_CANNOTSENDTOCHAN";
        case numeric::too_many_channels: return "ERR_TOOMANYCHANNELS";
        case numeric::input_too_long: return "ERR_INPUTTOOLONG";
        case numeric::unknown_command: return "ERR_UNKNOWNCOMMAND";
        case numeric::nickname_in_use: return "ERR_NICKNAMEINUSE";
        case numeric::user_not_in_channel: return "ERR_USERNOTINCHANNEL";
        case numeric::not_on_channel: return "ERR_NOTONCHANNEL";
        case numeric::user_on_channel: return "ERR_USERONCHANNEL";
        case numeric::not_registered: return "ERR_NOTREGISTERED";
        case numeric::need_more_params: return "ERR_NEEDMOREPARAMS";
        case numeric::already_registered: return "ERR_ALREADYREGISTERED";
        case numeric::password_mismatch: return "ERR_PASSWDMISMATCH";
        case numeric::channel_is_full: return "ERR_CHANNELISFULL";
        case numeric::banned_from_chan: return "ERR_BANNEDFROMCHAN";
        case numeric::bad_channel_key: return "ERR_BADCHANNELKEY";
        case numeric::bad_chan_mask: return "ERR_BADCHANMASK";
        case numeric::no_privileges: return "ERR_NOPRIVILEGES";
        case numeric::chanop_privs_needed: return "ERR_CHANOPRIVSNEEDED";
    }
    return "ERR_UNKNOWNERROR";
}

}  // namespace protocol

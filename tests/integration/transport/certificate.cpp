#include "integration/transport/certificate.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace transport {

certificate_directory::certificate_directory() {
    auto name = (std::filesystem::temp_directory_path() / "signaller-tls-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary directory");
    path_ = name;
}

certificate_directory::~certificate_directory() { std::filesystem::remove_all(path_); }

void certificate_directory::make(const std::string& name, const std::string& subject, const std::string& kind,
                                 const std::string& alternative) const {
    const std::string curve = kind == "ec" ? " -pkeyopt ec_paramgen_curve:prime256v1" : "";
    const std::string names = alternative.empty() ? "" : " -addext subjectAltName=" + alternative;
    const auto command = "openssl req -x509 -nodes -days 2 -newkey " + kind + curve + " -subj /CN=" + subject + names +
        " -keyout " + file(name + ".key") + " -out " + file(name + ".pem") + " 2>/dev/null";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("no certificate: " + command);
}

void certificate_directory::replace(const std::string& to, const std::string& from) const {
    for (const std::string ending : {".key", ".pem"}) {
        std::filesystem::copy_file(file(from + ending), file(to + ending),
                                   std::filesystem::copy_options::overwrite_existing);
    }
}

void certificate_directory::write(const std::string& name, const std::string& content) const {
    std::ofstream(file(name)) << content;
}

std::vector<std::string> certificate_directory::options(const std::string& name,
                                                        const std::vector<std::string>& more) const {
    std::vector<std::string> all{"--tls-certificate", file(name + ".pem"), "--tls-key", file(name + ".key")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

}  // namespace transport

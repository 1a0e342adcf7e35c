//! Connects to the network, which is not there.
//! ---
//! comes-to: PluginCalledNotProvided
//! says: wasi:sockets/

guests::launcher!(guests::description, |request| {
    let connected = std::net::TcpStream::connect("10.0.0.1:80");
    eprintln!("{connected:?}");
    Ok(guests::plan(request))
});

// Starts `tiphys lsp` and hands it the .flow and YAML files of the editor.
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function start() {
  const settings = vscode.workspace.getConfiguration("tiphys");
  const languages = settings.get("yaml") ? ["flow", "yaml"] : ["flow"];
  const documentSelector = languages.flatMap((language) => [
    { scheme: "file", language },
    { scheme: "untitled", language },
  ]);
  client = new LanguageClient(
    "tiphys",
    "Tiphys",
    { command: settings.get("path"), args: ["lsp"] },
    { documentSelector },
  );
  try {
    await client.start();
  } catch (error) {
    const answer = await vscode.window.showErrorMessage(
      `Tiphys: failed to start \`${settings.get("path")} lsp\`: ${error.message ?? error}`,
      "Settings",
    );
    if (answer) vscode.commands.executeCommand("workbench.action.openSettings", "tiphys.path");
  }
}

async function stop() {
  const running = client;
  client = undefined;
  if (running?.isRunning()) await running.stop();
}

async function restart() {
  await stop();
  await start();
}

exports.activate = async (context) => {
  context.subscriptions.push(
    vscode.commands.registerCommand("tiphys.restart", restart),
    vscode.workspace.onDidChangeConfiguration((event) => event.affectsConfiguration("tiphys") && restart()),
  );
  await start();
};

exports.deactivate = stop;

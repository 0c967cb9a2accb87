#include "cmd/cmd.h"

int main(int count, char **words) {
    return cmd_main(count, words);
}
